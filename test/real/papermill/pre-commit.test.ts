import { spawnSync } from 'node:child_process'
import { chmodSync, cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { describeSystem } from '../describe-system.ts'
import { type Papermill, prepare, start } from './start.ts'

const repository = join(import.meta.dirname, '../../..')

function notebookOf(text: string): string {
  const cell = {
    cell_type: 'code',
    execution_count: null,
    metadata: { tags: ['parameters'] },
    outputs: text === '' ? [] : [{ name: 'stdout', output_type: 'stream', text: [text] }],
    source: ['rows = 1'],
  }
  return JSON.stringify({ cells: [cell], metadata: {}, nbformat: 4, nbformat_minor: 4 }, null, 1)
}

describeSystem('pre-commit', await prepare(), () => {
  let papermill: Papermill
  let project: string

  function call(cwd: string, command: string, ...words: string[]): { status: number | null; said: string } {
    const path = `${join(papermill.folder, 'bin')}:${papermill.environment.PATH}`
    const environment = { ...papermill.environment, PATH: path, PRE_COMMIT_HOME: join(papermill.folder, 'hooks-home') }
    const { status, stdout, stderr } = spawnSync(command, words, { cwd, env: environment, encoding: 'utf8' })
    return { status, said: `${stdout}${stderr}` }
  }

  function git(cwd: string, ...words: string[]): { status: number | null; said: string } {
    return call(cwd, 'git', '-c', 'user.name=Ada', '-c', 'user.email=ada@localhost', ...words)
  }

  /** A repository as pre-commit fetches it, a project that uses it, and the command on the PATH. */
  beforeAll(async () => {
    papermill = await start()
    const hooks = join(papermill.folder, 'hooks')
    project = join(papermill.folder, 'project')
    for (const folder of [hooks, project, join(papermill.folder, 'bin')]) mkdirSync(folder)
    const command = join(papermill.folder, 'bin/headgate')
    const main = join(repository, 'apps/cli/src/main.ts')
    writeFileSync(command, `#!/bin/sh\nexec '${process.execPath}' --conditions=source '${main}' "$@"\n`)
    chmodSync(command, 0o755)
    cpSync(join(repository, '.pre-commit-hooks.yaml'), join(hooks, '.pre-commit-hooks.yaml'))
    for (const folder of [hooks, project]) git(folder, 'init', '-q')
    git(hooks, 'add', '.')
    git(hooks, 'commit', '-q', '-m', 'begin')
    const [revision] = git(hooks, 'rev-parse', 'HEAD').said.split('\n')
    const config = `repos: [{ repo: '${hooks}', rev: ${revision}, hooks: [{ id: headgate-lint-notebooks }] }]\n`
    writeFileSync(join(project, '.pre-commit-config.yaml'), config)
    expect(call(project, 'pre-commit', 'install')).toMatchObject({ status: 0 })
  })
  afterAll(() => papermill?.stop())

  test('a commit with outputs left in is refused with the finding, and a clean one is made', () => {
    writeFileSync(join(project, 'train it.ipynb'), notebookOf('1\n'))
    git(project, 'add', '.')
    const refused = git(project, 'commit', '-m', 'outputs')
    expect(refused.status).toBe(1)
    expect(refused.said).toMatch(
      /headgate lint-notebooks\.+Failed[\s\S]*train it\.ipynb:\d+: cell 1: holds 1 output of a run\./,
    )
    expect(git(project, 'rev-parse', '--verify', 'HEAD').status).not.toBe(0)

    writeFileSync(join(project, 'train it.ipynb'), notebookOf(''))
    writeFileSync(join(project, 'notes.md'), 'no notebook\n')
    git(project, 'add', '.')
    const made = git(project, 'commit', '-m', 'clean')
    expect(made).toMatchObject({ status: 0, said: expect.stringMatching(/headgate lint-notebooks\.+Passed/) })
    expect(readFileSync(join(project, 'train it.ipynb'), 'utf8')).toBe(notebookOf(''))
  })
})
