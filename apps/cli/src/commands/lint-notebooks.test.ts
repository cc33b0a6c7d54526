import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { play } from '../../test/play.ts'

let folder: string

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'lint-notebooks-')))
  vi.spyOn(process, 'cwd').mockReturnValue(folder)
  vi.stubEnv('GITHUB_ACTIONS', '')
})
afterEach(() => {
  vi.restoreAllMocks()
  vi.unstubAllEnvs()
})

const lint = (...words: string[]) => play('lint-notebooks', ...words)

function write(path: string, source: string, outputs: unknown[] = []): void {
  const cell = {
    cell_type: 'code',
    execution_count: null,
    metadata: { tags: ['parameters'] },
    outputs,
    source: [source],
  }
  const notebook = { cells: [cell], metadata: {}, nbformat: 4, nbformat_minor: 4 }
  mkdirSync(join(folder, path, '..'), { recursive: true })
  writeFileSync(join(folder, path), JSON.stringify(notebook, null, 1))
}

/** The line that begins so, from 1. */
function lineOf(path: string, start: string): number {
  return (
    readFileSync(join(folder, path), 'utf8')
      .split('\n')
      .findIndex((line) => line.trim().startsWith(start)) + 1
  )
}

const printed = [{ output_type: 'stream', name: 'stdout', text: '1' }]

test('without words it reads the notebooks that Git tracks, and fails where one has findings', async () => {
  write('clean.ipynb', 'rows = 1')
  write('deep/left.ipynb', 'rows = "/home/ada/x"', printed)
  write('gone.ipynb', 'rows = 1', printed)
  execFileSync('git', ['init', '-q'], { cwd: folder })
  execFileSync('git', ['add', '.'], { cwd: folder })
  write('untracked.ipynb', 'rows = 1', printed)
  rmSync(join(folder, 'gone.ipynb'))
  const { code, stdout } = await lint()
  expect(code).toBe(1)
  expect(stdout).toBe(
    [
      `deep/left.ipynb:${lineOf('deep/left.ipynb', '"source"')}: cell 1: holds 1 output of a run. Clear the outputs: \`jupyter nbconvert --clear-output --inplace\`, or \`nbstripout\`. [outputs]`,
      `deep/left.ipynb:${lineOf('deep/left.ipynb', '"rows')}: cell 1, line 1: has a path of somebody’s home: \`/home/ada/x\`. Say it relative to the work tree, or make it a parameter. [paths]`,
      '2 findings in 1 of 2 notebooks.',
      '',
    ].join('\n'),
  )
  expect(await lint('clean.ipynb')).toEqual({ code: 0, stdout: '1 notebook, nothing found.\n', stderr: '' })
  expect((await lint('--ignore', 'outputs,paths')).code).toBe(0)
})

test('JSON says the same by name, also into a file, and Markdown as a table', async () => {
  write('a/left.ipynb', 'rows = 1', printed)
  const { code, stdout } = await lint('a', '--format', 'json', '--output', 'found.json')
  expect(code).toBe(1)
  expect(JSON.parse(stdout)).toEqual({
    summary: '1 finding in 1 of 1 notebook.',
    notebooks: 1,
    findings: [
      {
        file: 'a/left.ipynb',
        rule: 'outputs',
        cell: 1,
        line: null,
        fileLine: lineOf('a/left.ipynb', '"source"'),
        what: 'holds 1 output of a run.',
        fix: expect.stringContaining('nbstripout'),
      },
    ],
  })
  expect(readFileSync(join(folder, 'found.json'), 'utf8')).toBe(stdout)
  expect((await lint('a', '--format', 'markdown')).stdout).toContain('a/left.ipynb:')
})

test('a path that is not there and a rule that there is not are mistakes', async () => {
  expect(await lint('none.ipynb', 'neither')).toMatchObject({
    code: 2,
    stderr: 'there is no file or folder none.ipynb.\nthere is no file or folder neither.\n',
  })
  expect((await lint('--ignore', 'output')).stderr).toContain('Did you mean "outputs"?')
})

test('without words it needs a Git work tree', async () => {
  const { code, stderr } = await lint()
  expect([code, stderr]).toEqual([2, expect.stringMatching(/this is no Git work tree/)])
})

test('on GitHub’s runner a finding is an error beside its line, and a table of the summary', async () => {
  write('left.ipynb', 'rows = 1', printed)
  const summary = join(folder, 'summary.md')
  writeFileSync(summary, '')
  vi.stubEnv('GITHUB_ACTIONS', 'true')
  vi.stubEnv('GITHUB_WORKSPACE', folder)
  vi.stubEnv('GITHUB_STEP_SUMMARY', summary)
  const commands: string[] = []
  vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => commands.push(String(chunk)) > 0)
  const { code } = await lint('left.ipynb')
  expect(code).toBe(1)
  expect(commands.join('')).toMatch(
    /^::error title=Notebook%3A outputs,file=left\.ipynb,line=\d+::cell 1: holds 1 output/m,
  )
  expect(readFileSync(summary, 'utf8')).toContain('left.ipynb:')
})
