import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { readRepository } from './repository.ts'

let home: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'headgate-repository-'))
  vi.stubEnv('GIT_CONFIG_GLOBAL', '/dev/null')
})
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(home, { recursive: true, force: true })
})

function git(folder: string, ...words: string[]): string {
  return execFileSync('git', ['-C', folder, '-c', 'user.email=ada@example.org', ...words], { encoding: 'utf8' }).trim()
}

test('a folder outside Git, and a repository without a commit, have none', async () => {
  const nothing = { commit: '', branch: '', defaultBranch: 'main', actor: '' }
  expect(await readRepository(home)).toEqual(nothing)
  git(home, 'init', '-q', '-b', 'trunk')
  expect(await readRepository(home)).toEqual(nothing)
})

test('a clone knows the branch that its origin calls the default, on any branch and on none', async () => {
  const [origin, clone] = [join(home, 'origin'), join(home, 'clone')]
  git(home, 'init', '-q', '-b', 'trunk', origin)
  git(origin, 'config', 'user.name', 'Ada L.')
  git(origin, 'commit', '-q', '--allow-empty', '-m', 'First')
  const commit = git(origin, 'rev-parse', 'HEAD')
  expect(await readRepository(origin)).toEqual({ commit, branch: 'trunk', defaultBranch: 'main', actor: 'Ada L.' })
  git(home, 'clone', '-q', origin, clone)
  git(clone, 'switch', '-q', '-c', 'feature/x')
  const told = { commit, branch: 'feature/x', defaultBranch: 'trunk', actor: '' }
  expect(await readRepository(clone)).toEqual(told)
  git(clone, 'switch', '-q', '--detach')
  expect(await readRepository(clone)).toEqual({ ...told, branch: '' })
})
