import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type Announcement,
  defineStage,
  digestOf,
  type Findings,
  type ForgeLocation,
  OutsideError,
  parseDocument,
  Refusal,
  UserError,
  type Validation,
  type Verdict,
} from '@headgate/core'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { z } from 'zod'
import { training } from '../test/training.ts'
import { newsFilter } from './news.ts'
import type { HandOver, Runner } from './port.ts'
import { startWith } from './start.ts'

const stage = defineStage({
  name: 'validate-data',
  promise: 'Checks.',
  failOn: 'inconclusive',
  settings: z.object({ data: z.string().meta({ description: 'The data.' }) }),
  document: 'validation',
  outputs: { rows: { description: 'Rows.', example: '3', value: (document) => String(document.data.rows) } },
  report: (document) => ({
    title: 'Data',
    verdict: document.verdict,
    summary: document.summary,
    sections: [],
    annotations: [{ level: 'error', title: 'Data', message: 'bad | <b>', where: { file: 'contract.yaml', line: 3 } }],
  }),
})
type Found = Findings<typeof stage>

const body: Validation = {
  data: { source: 'a.csv', rows: 3, columns: 1, digest: digestOf('a') },
  contract: { path: 'contract.yaml', format: 'odcs', digest: digestOf('c') },
  checks: [],
}
const found = (verdict: Verdict): Found => ({ verdict, summary: 'Three rows.', inputs: [], body })

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'headgate-start-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

interface Seen {
  readonly lines: string[]
  readonly outputs: Record<string, string>
  readonly summaries: string[]
  readonly annotations: unknown[]
  readonly announced: Announcement[]
}

interface Play {
  readonly played?: typeof stage
  readonly handOver?: HandOver
  readonly forge?: ForgeLocation
  readonly onWire?: (runner: Runner) => void
  readonly isNews?: Runner['isNews']
}

async function play(
  run: () => Promise<Found>,
  inputs: Record<string, string> = {},
  { played = stage, handOver, forge, onWire, isNews = newsFilter() }: Play = {},
) {
  const seen: Seen = { lines: [], outputs: {}, summaries: [], annotations: [], announced: [] }
  const line = (message: string): void => {
    seen.lines.push(message)
  }
  const given: Record<string, string> = { model: 'm', data: 'a.csv', ...inputs }
  const runner: Runner = {
    context: {
      runner: 'local',
      event: 'push',
      commit: 'abc',
      branch: 'main',
      defaultBranch: 'main',
      actor: '',
      forge,
      ephemeral: false,
    },
    log: {
      debug: () => {},
      info: line,
      notice: line,
      warning: line,
      error: line,
      group: (_title, work) => work(),
      quote: (_title, work) => work(line),
    },
    logAt: (level) => ({ ...runner.log, info: (message) => line(`${level}: ${message}`) }),
    isNews,
    workspace: folder,
    temporary: tmpdir(),
    tools: tmpdir(),
    environment: {},
    variables: {},
    signal: new AbortController().signal,
    now: () => new Date('2026-01-02T03:04:05Z'),
    input: (name) => given[name],
    mask: () => {},
    keep: () => {},
    kept: undefined,
    annotate: (annotations) => seen.annotations.push(...annotations),
    summarize: async (markdown) => {
      seen.summaries.push(markdown)
    },
    output: async (values) => {
      Object.assign(seen.outputs, values)
    },
    handOver: async () => handOver,
    cache: async () => undefined,
  }
  const announce = async (news: Announcement) => {
    seen.announced.push(news)
    return ['Told.']
  }
  const wire = (_settings: unknown, wired: Runner) => {
    onWire?.(wired)
    return { ports: {}, announce }
  }
  const outcome = await startWith(played, run, wire, runner)
  return { ...seen, ...outcome }
}

const written = (name: string): string => join(folder, '.headgate/m', name)

test('a stage leaves its document, page, outputs, summary and announcement, and then says no', async () => {
  const { exitCode, outputs, summaries, annotations, announced } = await play(async () => found('fail'))
  expect(exitCode).toBe(1)
  const document = parseDocument('validation', readFileSync(written('validation.json'), 'utf8'), 'validation.json')
  expect(document).toMatchObject({
    verdict: 'fail',
    model: 'm',
    commit: 'abc',
    createdAt: '2026-01-02T03:04:05.000Z',
    data: { rows: 3 },
  })
  expect(outputs).toMatchObject({
    verdict: 'fail',
    rows: '3',
    'exit-code': '1',
    'document-path': written('validation.json'),
  })
  expect(readFileSync(outputs['report-path'] ?? '', 'utf8')).toContain('Three rows.')
  expect(summaries[0]).toContain('Three rows.')
  expect(annotations).toHaveLength(1)
  expect(announced).toMatchObject([{ model: 'm', key: 'report', verdict: 'fail', accepted: false }])
})

test.each([
  ['pass', 'warn', 0],
  ['warn', 'warn', 1],
  ['warn', 'inconclusive', 0],
  ['inconclusive', 'fail', 0],
  ['inconclusive', 'inconclusive', 1],
  ['fail', 'never', 0],
] as const)('%s under fail-on %s ends with %d', async (verdict, failOn, expected) => {
  expect((await play(async () => found(verdict), { 'fail-on': failOn })).exitCode).toBe(expected)
})

test.each([
  [new UserError([{ what: 'one.', where: { file: 'a', line: 1 } }, { what: 'two.' }]), 2, ['a:1: one.', 'two.']],
  [new Refusal('Gate again against v2.'), 1, ['Gate again against v2.']],
  [
    new OutsideError({ tried: 'Tried.', state: 'Nothing written.', next: 'Again.' }),
    3,
    ['Tried.', 'Nothing written.', 'Again.'],
  ],
  [new TypeError('x is undefined'), 70, [expect.stringContaining('bug')]],
])('%s ends with %d, no document and no stack', async (error, expected, lines) => {
  const { exitCode, lines: told } = await play(() => Promise.reject(error))
  expect(exitCode).toBe(expected)
  expect(told).toEqual(lines)
  expect(existsSync(written('validation.json'))).toBe(false)
})

test.each([
  ['ENOSPC', 'write', undefined, 3, 'The disk is full'],
  ['EDQUOT', 'open', '/w/.training.json.partial', 3, '/w/.training.json.partial'],
  ['EROFS', 'mkdir', '/w/output', 2, '/w/output: cannot be made'],
  // So Node.js tells it when a folder cannot be made with those above it.
  ['ENOENT', 'mkdir', '/w/output', 2, '/w/output: cannot be made'],
  ['EACCES', 'open', '/w/training.json', 2, '/w/training.json: may not be read or written'],
  ['EPERM', 'rename', '/w/training.json', 2, '/w/training.json: may not be read or written'],
  ['ENOENT', 'open', '/w/training.json', 70, 'bug'],
])('a disk that refuses by %s at %s is no bug, and nothing is lost', async (code, syscall, path, expected, said) => {
  await play(async () => found('pass'))
  const before = readFileSync(written('validation.json'), 'utf8')
  const error = Object.assign(new Error(`${code}: refused, ${syscall}`), { code, syscall, path })
  const { exitCode, lines } = await play(() => Promise.reject(error))
  expect(exitCode).toBe(expected)
  expect(lines.join('\n')).toContain(said)
  expect(readFileSync(written('validation.json'), 'utf8')).toBe(before)
})

test('a file of the work tree is named from its root', async () => {
  const problem = { what: 'one.', where: { file: join(folder, 'data/test.csv'), line: 2 } }
  expect((await play(() => Promise.reject(new UserError(problem)))).lines).toEqual(['data/test.csv:2: one.'])
})

test('the token that the settings name goes before the runner’s own, for every port', async () => {
  const forge = { kind: 'github', apiUrl: '', serverUrl: '', repository: 'a/b', token: 'of the job' } as const
  const tokens: (string | undefined)[] = []
  for (const token of ['', 'named'])
    await play(
      async () => found('pass'),
      { token },
      { forge, onWire: ({ context }) => tokens.push(context.forge?.token) },
    )
  expect(tokens).toEqual(['of the job', 'named'])
})

test('a work folder that is in Git is refused, with the line that mends it', async () => {
  const git = (...words: string[]) => execFileSync('git', words, { cwd: folder })
  git('init', '-q')
  expect((await play(async () => found('pass'))).exitCode).toBe(0)
  writeFileSync(join(folder, '.gitignore'), '.headgate/\n')
  git('add', '.gitignore')
  expect((await play(async () => found('pass'))).exitCode).toBe(0)
  git('add', '-f', '.headgate/m/validation.json')
  const { exitCode, lines } = await play(async () => found('pass'))
  expect(exitCode).toBe(2)
  expect(lines.join('\n')).toMatch(/^\.headgate\/m\/validation\.json: is in Git.*`git rm -r --cached \.headgate\/m`/)
})

test('a dry run writes nothing and tells nobody', async () => {
  const { exitCode, announced, outputs } = await play(async () => found('pass'), { 'dry-run': 'true' })
  expect(exitCode).toBe(0)
  expect(existsSync(join(folder, '.headgate'))).toBe(false)
  expect([announced, outputs]).toEqual([[], {}])
})

test.each(['artifact', 'store'] as const)(
  'hand-over: %s fetches before the stage runs, and leaves its parcel',
  async (by) => {
    const said: unknown[] = []
    const handOver: HandOver = {
      restore: async ({ model, workFolder }) => {
        said.push(['restore', model, workFolder])
        return ['training.json']
      },
      save: async (stageName, { model }, way) => void said.push(['save', stageName, model, way]),
    }
    const run = async (): Promise<Found> => {
      said.push('run')
      return found('pass')
    }
    const { lines } = await play(run, { 'hand-over': by }, { handOver })
    expect(said).toEqual([['restore', 'm', join(folder, '.headgate/m')], 'run', ['save', 'validate-data', 'm', by]])
    expect(lines).toContain('Earlier jobs of this run handed over 1 files.')
    await play(run, { 'hand-over': 'off' }, { handOver })
    expect(said).toHaveLength(4)
  },
)

test('what was done beside the model is told, and leaves the work folder as it is', async () => {
  const kept = () =>
    readdirSync(written('')).flatMap((name) => (name.includes('.') ? [readFileSync(written(name))] : []))
  await play(async () => found('pass'))
  const before = kept()
  const aside = { ...found('inconclusive'), exitCode: 0, isAside: true, summary: 'Swept nothing.' } as const
  const { exitCode, document, outputs, lines, announced } = await play(async () => aside)
  expect([exitCode, document?.summary]).toEqual([0, 'Swept nothing.'])
  expect(outputs).toEqual({ verdict: 'inconclusive', summary: 'Swept nothing.', 'exit-code': '0' })
  expect([lines, announced]).toEqual([['Swept nothing.'], []])
  expect(kept()).toEqual(before)
})

test('no comment is made where the settings say so', async () => {
  expect((await play(async () => found('pass'), { comment: 'false' })).announced).toEqual([])
})

function edit(name: string, change: (document: Record<string, unknown>) => Record<string, unknown>): void {
  writeFileSync(written(name), JSON.stringify(change(JSON.parse(readFileSync(written(name), 'utf8')))))
}

const trained: typeof stage = { ...stage, name: 'train' as 'validate-data', document: 'training' as 'validation' }
const train = () =>
  play(async () => ({ ...found('pass'), summary: 'Trained.', body: training as never }), {}, { played: trained })

test('the comment says what the earlier documents say, as they stand now', async () => {
  await play(async () => found('pass'))
  edit('validation.json', (document) => ({ ...document, verdict: 'fail', summary: 'Two of them.' }))
  const { announced, outputs } = await train()
  for (const said of ['Two of them.', 'Trained.']) expect(announced[0]?.markdown).toContain(said)
  expect(announced[0]?.markdown).not.toContain('Three rows.')
  expect(readFileSync(outputs['report-path'] ?? '', 'utf8')).toContain('Two of them.')
  expect(readdirSync(written('')).sort()).toEqual(['report.html', 'training.json', 'validation.json'])
})

test.each([{ commit: 'another' }, { model: 'another' }])(
  'a document of %o is left out of the comment',
  async (other) => {
    await play(async () => found('pass'))
    edit('validation.json', (document) => ({ ...document, ...other }))
    expect((await train()).announced[0]?.markdown).not.toContain('Three rows.')
  },
)

test('a damaged document of another stage is an error, and not left out', async () => {
  await play(async () => found('pass'))
  edit('validation.json', ({ summary: _none, ...document }) => document)
  const { exitCode, lines } = await train()
  expect([exitCode, lines]).toEqual([2, [expect.stringMatching(/validation\.json: summary: /)]])
})

/** A process that is killed while it writes a document into the work folder. */
function killWriter(): void {
  const program = `
    const { replaceAtomically } = await import('@headgate/files')
    await replaceAtomically(${JSON.stringify(join(folder, '.headgate/m/validation.json'))}, async (temporary) => {
      const { writeFileSync } = await import('node:fs')
      writeFileSync(temporary, '{"half":')
      process.kill(process.pid, 'SIGKILL')
    })`
  const args = ['--conditions=source', '--input-type=module', '-e', program]
  expect(spawnSync(process.execPath, args, { cwd: import.meta.dirname })).toMatchObject({ signal: 'SIGKILL' })
}

test('what a killed run left half written is swept by the next, but not by a dry run', async () => {
  killWriter()
  const partials = () => readdirSync(join(folder, '.headgate/m')).filter((name) => name.endsWith('.partial'))
  expect(partials()).toHaveLength(1)
  await play(async () => found('pass'), { 'dry-run': 'true' })
  expect(partials()).toHaveLength(1)
  const { lines } = await play(async () => found('pass'))
  expect(partials()).toEqual([])
  expect(lines).toContain('Removed 1 file that a killed run had left half written.')
})

test('what holds for the whole run is told once, whichever stages find it', async () => {
  const isNews = newsFilter()
  const first = await play(async () => found('pass'), {}, { isNews })
  const second = await play(async () => found('pass'), {}, { isNews })
  expect([...first.lines, ...second.lines].filter((line) => line === 'Told.')).toHaveLength(1)
})

test('a log level of headgate.yml holds once it is read', async () => {
  writeFileSync(join(folder, 'headgate.yml'), 'models: { m: { log-level: debug } }')
  const { lines } = await play(async () => found('pass'))
  expect(lines).toContain('debug: Told.')
})
