import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, linkSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { play } from '../test/play.ts'

afterEach(() => vi.restoreAllMocks())

test.each([
  'validate-data',
  'train',
  'evaluate-gate',
  'register-model',
  'deploy',
  'drift-check',
  'rollback',
  'run',
  'report',
  'resolve',
  'download',
  'ledger',
  'init',
  'lint-notebooks',
  'reproduce',
  'schema',
])('%s is in the overview, and has help of its own', async (name) => {
  expect((await play('--help')).stdout).toContain(`\n  ${name} `)
  const { code, stdout } = await play(name, '--help')
  expect([code, stdout.includes(`Usage: headgate ${name}`) || name === 'rollback']).toEqual([0, true])
  expect(stdout).not.toContain('[object')
})

test('a misspelt command and misspelt flags are named with the near ones, all at once', async () => {
  expect(await play('trian')).toMatchObject({ code: 2, stderr: 'there is no command "trian". Did you mean "train"?\n' })
  const { code, stderr } = await play('train', '--modle', 'm', '--timout', '3m', 'word')
  expect(code).toBe(2)
  expect(stderr).toMatch(/--modle\. Did you mean --model\?\n.*--timout\. Did you mean --timeout\?\n/)
})

test('a value of several words that is not quoted is told how to be', async () => {
  const { code, stderr } = await play('train', '--run', '.venv/bin/python', 'train.ipynb', '--timeout', '3m')
  const fix = "Quote a value of several words: --run '.venv/bin/python train.ipynb'."
  expect([code, stderr]).toEqual([2, `unexpected word "train.ipynb". ${fix}\n`])
})

test('the value of an unknown flag is no second mistake', async () => {
  const { stderr } = await play('train', '--excutor', 'docker', '--timeout', '3m')
  expect(stderr).toBe('unknown flag --excutor. Did you mean --executor?\n')
})

test('the help of lint-notebooks says that it takes paths', async () => {
  expect((await play('lint-notebooks', '--help')).stdout).toContain('Usage: headgate lint-notebooks [PATH …] [--flag')
})

test.each([
  ['run', '--event', 'psuh', 'push'],
  ['ledger', '--format', 'jsn', 'json'],
  ['evaluate-gate', '--format', 'markdwon', 'markdown'],
])('%s %s %s is a mistake that names the near word', async (name, flag, word, near) => {
  const stderr = `${flag}: there is no "${word}". Did you mean "${near}"?\n`
  expect(await play(name, flag, word)).toEqual({ code: 2, stdout: '', stderr })
})

test('a settings file that cannot be read is not taken for none', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'headgate-cli-'))
  mkdirSync(join(folder, 'headgate.yml'))
  vi.spyOn(process, 'cwd').mockReturnValue(folder)
  const { code, stderr } = await play('ledger', '--model', 'm')
  expect([code, stderr]).toEqual([2, expect.stringMatching(/headgate\.yml: cannot be read \(EISDIR/)])
})

test('no word of the user’s becomes a command of the runner that reads what is printed', async () => {
  expect((await play('trian\n::warning::x')).stderr.split('\n')).not.toContainEqual(expect.stringMatching(/^\s*::/))
})

describe('the document that --output names', () => {
  const judge = ['--model', 'm', '--candidate', 'rows.csv', '--test-data', 'rows.csv', '--policy', 'policy.yml']
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'headgate-cli-'))
    writeFileSync(join(folder, 'rows.csv'), 'id,label,prediction\na,1,1\nb,0,0\n')
    writeFileSync(join(folder, 'policy.yml'), '- { metric: accuracy, min: 0.5 }\n')
    vi.spyOn(process, 'cwd').mockReturnValue(folder)
  })
  const read = (name: string) => readFileSync(join(folder, name), 'utf8')

  test('is the one of the work folder, and takes the place of an older one as a whole', async () => {
    writeFileSync(join(folder, 'copy.json'), 'old')
    linkSync(join(folder, 'copy.json'), join(folder, 'reader.json'))
    await play('evaluate-gate', ...judge, '--output', 'copy.json')
    expect(read('copy.json')).toBe(read('.headgate/m/evaluation.json'))
    expect(read('reader.json')).toBe('old')
  })

  test('is all that a dry run writes', async () => {
    const { stdout } = await play(
      'evaluate-gate',
      ...judge,
      '--output',
      'out/copy.json',
      '--dry-run',
      '--format',
      'json',
    )
    expect(read('out/copy.json')).toBe(stdout)
    expect(existsSync(join(folder, '.headgate'))).toBe(false)
  })

  test('is printed so that no runner reads a command in it', async () => {
    writeFileSync(join(folder, '##[warning].csv'), read('rows.csv'))
    const { stdout } = await play('evaluate-gate', ...judge, '--candidate', '##[warning].csv', '--format', 'json')
    expect(stdout).not.toContain('##[')
    expect(JSON.stringify(JSON.parse(stdout))).toContain('##[warning]')
  })

  test('is what report renders, whatever an older page says', async () => {
    await play('evaluate-gate', ...judge)
    const path = join(folder, '.headgate/m/evaluation.json')
    writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, 'utf8')), summary: 'Edited.' }))
    writeFileSync(join(folder, 'headgate.yml'), 'models: { m: {} }')
    expect((await play('report')).stdout).toContain('Edited.')
    writeFileSync(join(folder, 'headgate.yml'), 'models: { other: {} }')
    const { code, stderr } = await play('report', '--work-folder', '.headgate/m')
    expect([code, stderr]).toEqual([
      2,
      expect.stringContaining('Left out, being of another model or commit: evaluation.'),
    ])
  })
})

test('a command that was not built says how it is', () => {
  const folder = mkdtempSync(join(tmpdir(), 'headgate-cli-'))
  cpSync(join(import.meta.dirname, '../bin'), join(folder, 'bin'), { recursive: true })
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  const { status, stderr } = spawnSync(process.execPath, [join(folder, 'bin/headgate.js')], { encoding: 'utf8' })
  expect([status, stderr]).toEqual([2, 'Headgate is not built here. Run `npm run build` in its repository.\n'])
})
