import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Document } from '@headgate/core'
import { digestTree } from '@headgate/files'
import { beforeAll, expect, test } from 'vitest'
import { describeSystem } from '../describe-system.ts'
import { makeStateFolder } from '../folders.ts'
import { type Ended, headgate } from '../headgate.ts'
import { serverEnvironment } from '../server.ts'
import { prepare } from './start.ts'

const trainer = `
const { mkdirSync, readFileSync, writeFileSync } = require('node:fs')
const output = process.env.HEADGATE_OUTPUT
mkdirSync(output + '/model')
writeFileSync(output + '/model/read.txt', readFileSync(process.env.HEADGATE_DATA + '/a, [1].csv'))
writeFileSync(output + '/predictions.csv', 'id,score\\n1,0.5\\n')
`

describeSystem('git-lfs', await prepare(), () => {
  const content = `id\n${'1\n'.repeat(5000)}`
  let environment: Record<string, string>
  let remote: string

  const git = (folder: string, ...words: string[]): void => {
    const own = ['-c', 'user.name=Ada', '-c', 'user.email=ada@localhost']
    execFileSync('git', [...own, ...words], { cwd: folder, env: environment, stdio: 'pipe' })
  }

  /** A checkout of a machine that never saw `git lfs install`. */
  function clone(): string {
    const folder = join(makeStateFolder('git-lfs'), 'work')
    git(remote, 'clone', '--quiet', `file://${remote}`, folder)
    return folder
  }

  const train = (folder: string, variables = environment): Promise<Ended> =>
    headgate(folder, variables, 'train', '--model', 'm', '--run', 'node train.cjs', '--data', 'data')

  beforeAll(() => {
    const home = makeStateFolder('git-lfs')
    environment = serverEnvironment(home, { GIT_CONFIG_NOSYSTEM: '1' })
    remote = join(home, 'remote.git')
    const work = join(home, 'work')
    mkdirSync(join(work, 'data'), { recursive: true })
    git(home, 'init', '--quiet', '--bare', '--initial-branch=main', remote)
    git(work, 'init', '--quiet', '--initial-branch=main')
    git(work, 'lfs', 'install', '--local')
    git(work, 'lfs', 'track', 'data/*.csv')
    for (const name of ['a, [1].csv', 'ü.csv']) writeFileSync(join(work, 'data', name), content)
    writeFileSync(join(work, 'data/readme.txt'), 'no pointer')
    writeFileSync(join(work, 'train.cjs'), trainer)
    writeFileSync(join(work, '.gitignore'), '.headgate/\n')
    git(work, 'add', '.')
    git(work, 'commit', '--quiet', '-m', 'Begin')
    git(work, 'push', '--quiet', `file://${remote}`, 'main')
  })

  test('pointers are replaced by their content before training, and the digest is the same before and after', async () => {
    const folder = clone()
    expect(readFileSync(join(folder, 'data/ü.csv'), 'utf8')).toContain('git-lfs.github.com')
    const ended = await train(folder)
    expect(ended.code, ended.stderr).toBe(0)
    expect(readFileSync(join(folder, '.headgate/m/output/model/read.txt'), 'utf8')).toBe(content)
    expect(readFileSync(join(folder, 'data/ü.csv'), 'utf8')).toBe(content)
    const document = JSON.parse(readFileSync(join(folder, '.headgate/m/training.json'), 'utf8')) as Document<'training'>
    expect(document.data).toEqual([{ path: 'data', digest: (await digestTree(join(folder, 'data'))).digest }])
    expect(document.code.dirty).toBeNull()
  })

  test('a server that does not have the content is told, and nothing is trained', async () => {
    const folder = clone()
    const [kept, away] = [join(remote, 'lfs'), join(remote, 'away')]
    execFileSync('mv', [kept, away])
    const ended = await train(folder)
    execFileSync('mv', [away, kept])
    expect(ended.code).toBe(3)
    expect(ended.stderr).toContain('git lfs pull')
    expect(existsSync(join(folder, '.headgate/m/output'))).toBe(false)
  })

  test('where Git LFS is not installed, that is told with the fix', async () => {
    const folder = clone()
    const commands = join(makeStateFolder('git-lfs'), 'bin')
    mkdirSync(commands)
    for (const name of ['git', 'node'])
      execFileSync('ln', ['-s', execFileSync('which', [name], { encoding: 'utf8' }).trim(), join(commands, name)])
    const ended = await train(folder, { ...environment, PATH: commands })
    rmSync(commands, { recursive: true })
    expect(ended.code, ended.stderr).toBe(2)
    expect(ended.stderr).toContain('Install git-lfs, or check out with `lfs: true`.')
  })
})
