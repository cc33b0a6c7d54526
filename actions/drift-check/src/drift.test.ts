import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Context, Document } from '@headgate/core'
import { commonSettings, documentSchema, OutsideError, schemaName, strictJson } from '@headgate/core'
import { type Forge, forgeFor } from '@headgate/forges'
import { type LedgerView, openLedger } from '@headgate/ledger'
import { renderMarkdown } from '@headgate/reports'
import type { Log } from '@headgate/runners'
import type { Engine } from '@headgate/tables'
import { buildProfile, findSource, openEngine, openTable } from '@headgate/tables'
import { type ForgeTwin, startForge } from '@headgate/testkit'
import { afterEach, expect, test } from 'vitest'
import { type Ports, run, stage } from './index.ts'

const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0)) await end()
})

type Columns = Readonly<Record<string, readonly unknown[]>>

function csv(columns: Columns): string {
  const names = Object.keys(columns)
  const rows = Math.max(...Object.values(columns).map((values) => values.length))
  const lines = Array.from({ length: rows }, (_, row) => names.map((name) => columns[name]?.[row] ?? '').join(','))
  return `${[names.join(','), ...lines].join('\n')}\n`
}

function makeProject(files: Readonly<Record<string, string>> = {}): string {
  const root = mkdtempSync(join(tmpdir(), 'drift-check-'))
  for (const [path, text] of Object.entries(files)) writeFileSync(join(root, path), text)
  const git = (...args: string[]) => execFileSync('git', args, { cwd: root, stdio: 'ignore' })
  git('init', '-q')
  git('-c', 'user.name=Ada', '-c', 'user.email=ada@localhost', 'commit', '-q', '--allow-empty', '-m', 'begin')
  return root
}

const wholeSettings = commonSettings.extend(stage.settings.shape)

function settingsOf(root: string, given: Record<string, unknown>): Parameters<typeof run>[0] {
  const whole = { reference: 'reference.csv', current: 'current.csv', model: 'm', ...given }
  return { ...wholeSettings.parse(whole), model: 'm', failOn: 'never', workFolder: join(root, '.headgate/m') }
}

const context: Context = {
  runner: 'local',
  event: 'schedule',
  commit: '',
  branch: 'main',
  defaultBranch: 'main',
  actor: 'Ada',
  ephemeral: false,
}

async function portsOf(root: string, more: Partial<Ports> = {}): Promise<Ports> {
  let engine: Promise<Engine> | undefined
  const open = { tools: join(root, 'tools'), temporary: tmpdir() }
  ends.push(async () => (await engine)?.close())
  const silent = (): void => {}
  const log: Log = {
    debug: silent,
    info: silent,
    notice: silent,
    warning: silent,
    error: silent,
    group: (_, work) => work(),
  }
  const now = more.now ?? (() => new Date('2026-02-01T00:00:00Z'))
  return {
    workspace: root,
    engine: () => {
      engine ??= openEngine('auto', open)
      return engine
    },
    champion: () => Promise.reject(new Error('no champion')),
    ledger: await openLedger({ directory: root, ref: 'refs/headgate/ledger', remote: 'origin', now }),
    forge: undefined,
    context,
    log,
    signal: new AbortController().signal,
    now,
    ...more,
  }
}

/** What the runner makes of findings: a strict document, and a report that can be rendered. */
async function check(
  root: string,
  given: Record<string, unknown> = {},
  more: Partial<Ports> = {},
): Promise<Document<'drift'>> {
  const { body, exitCode: _, ...findings } = await run(settingsOf(root, given), await portsOf(root, more))
  const header = {
    schema: schemaName('drift'),
    model: 'm',
    commit: '',
    createdAt: '2026-02-01T00:00:00.000Z',
    tool: 'headgate 0',
    runner: { kind: 'local' as const, event: 'schedule', os: 'linux' },
    durationMs: 0,
  }
  const document = documentSchema('drift').parse({ ...header, ...findings, ...body })
  strictJson(document)
  expect(renderMarkdown([stage.report(document)], { title: 'm', footer: '' }).text).toContain('What was compared')
  return document
}

const range = (rows: number, value: (i: number) => unknown): unknown[] =>
  Array.from({ length: rows }, (_, i) => value(i))
const words = (counts: Readonly<Record<string, number>>): string[] =>
  Object.entries(counts).flatMap(([word, count]) => Array.from({ length: count }, () => word))
const column = (document: Document<'drift'>, name: string) => document.columns.find((one) => one.column === name)

// The inputs and numbers of Evidently 0.7.21: (37i mod 101)/101, 10·(7919i mod 9973)/9973 and category counts.
const small = {
  reference: csv({ x: range(500, (i) => ((37 * i) % 101) / 101) }),
  current: csv({ x: range(400, (i) => ((37 * i) % 101) / 101 + 0.1) }),
}
const large = {
  reference: csv({ x: range(2000, (i) => (10 * ((7919 * i) % 9973)) / 9973) }),
  current: csv({ x: range(1500, (i) => (10 * ((7907 * i) % 9967)) / 9967 + 0.5) }),
}

test.each([
  ['evidently', small, 'ks', 0.00855210365432303],
  ['evidently', large, 'wasserstein', 0.1688388095955243],
  ['psi', small, 'psi', 1.5195878181857603],
  ['jensenshannon', large, 'jensenshannon', 0.10464145654503093],
  ['hellinger', large, 'hellinger', 0.10555458537795281],
  ['t_test', small, 't_test', 3.9388871050476003e-7],
])('`tests: %s` on numbers gives Evidently’s score', async (tests, { reference, current }, name, score) => {
  const root = makeProject({ 'reference.csv': reference, 'current.csv': current })
  const document = await check(root, { tests })
  expect(document.columns).toMatchObject([{ column: 'x', type: 'float', test: name, drifted: true, status: 'warn' }])
  expect((document.columns[0]?.score ?? 0) / score).toBeCloseTo(1, 9)
  expect(document).toMatchObject({ drifted: true, share: 1, verdict: 'fail' })
})

test('categories are compared by Evidently’s default tests', async () => {
  const root = makeProject({
    'reference.csv': csv({ three: words({ a: 50, b: 30, c: 20 }), two: words({ a: 60, b: 40 }) }),
    'current.csv': csv({ three: words({ a: 40, b: 30, c: 30 }), two: words({ a: 50, b: 50 }) }),
  })
  const document = await check(root)
  expect(column(document, 'three')).toMatchObject({ test: 'chisquare', drifted: true })
  expect(column(document, 'three')?.score).toBeCloseTo(0.0301973834223185, 12)
  expect(column(document, 'two')).toMatchObject({ test: 'z', drifted: false })
  expect(column(document, 'two')?.score).toBeCloseTo(0.155218489684684, 12)
  expect(document).toMatchObject({ share: 0.5, drifted: true })
  expect(column(document, 'three')?.distribution).toMatchObject({ labels: ['a', 'b', 'c', 'others'] })
})

test('what cannot be compared is told with its reason and never passes', async () => {
  const rows = { x: range(50, (i) => i), name: range(50, (i) => `n${i}`), gone: range(50, () => 1) }
  const root = makeProject({
    'reference.csv': csv({ ...rows, kind: range(50, (i) => i), empty: range(50, (i) => i) }),
    'current.csv': csv({
      ...rows,
      gone: [],
      kind: range(50, (i) => `k${i % 3}`),
      empty: [],
      fresh: range(50, () => 1),
    }).replace('gone', 'came'),
  })
  const { untested, verdict, drifted } = await check(root, { exclude: ['came'] })
  const found = Object.fromEntries(untested.map(({ column: name, status, reason }) => [name, `${status}: ${reason}`]))
  expect(found).toEqual({
    name: expect.stringMatching(/^inconclusive: More than half of its texts are distinct/),
    gone: 'inconclusive: Current data has no such column.',
    kind: 'inconclusive: Its type changed from integer to string.',
    empty: 'inconclusive: Current data has no value in it.',
    fresh: 'warn: The reference has no such column.',
  })
  expect({ verdict, drifted }).toEqual({ verdict: 'inconclusive', drifted: false })
})

test('data without a column in common is inconclusive, and settings of later releases are refused at once', async () => {
  const root = makeProject({ 'reference.csv': csv({ a: [1, 2] }), 'current.csv': csv({ b: [1, 2] }) })
  expect(await check(root)).toMatchObject({ verdict: 'inconclusive', drifted: null, share: null, columns: [] })
  const settings = settingsOf(root, { tests: 'calibrated', prometheusUrl: 'http://p' })
  await expect(run(settings, await portsOf(root))).rejects.toThrow(/calibrated.*\n.*prometheus-url/)
  await expect(check(root, { tests: 'kss' })).rejects.toThrow('there is no test "kss"')
  await expect(check(root, { exclude: ['c'] })).rejects.toThrow('neither side has a column "c"')
  await expect(check(root, { window: 'day' })).rejects.toThrow('Name the column with the time of a row')
})

/** The profile of a source, as `validate-data` leaves it. */
async function writeProfile(root: string, source: string): Promise<void> {
  const engine = await (await portsOf(root)).engine()
  const profile = await buildProfile(await openTable(engine, await findSource(source, root)))
  const run = { model: 'm', commit: '', createdAt: '2026-01-01T00:00:00.000Z', tool: 'headgate 0', durationMs: 0 }
  const header = { ...run, summary: '', inputs: [], runner: { kind: 'local' as const, event: 'push', os: 'linux' } }
  writeFileSync(join(root, 'profile.json'), strictJson({ schema: schemaName('profile'), ...header, ...profile }))
}

test('a profile decides by bounds that hold the exact score, and says where it cannot', async () => {
  const values = range(2000, (i) => (10 * ((7919 * i) % 9973)) / 9973)
  const numbers = range(1500, (i) => (10 * ((7907 * i) % 9967)) / 9967 + 0.5)
  const rare = words({ anna: 3, bert: 5 })
  const root = makeProject({
    'train.csv': csv({ x: values, w: [...rare, ...words({ a: 996, b: 996 })] }),
    'current.csv': csv({ x: numbers, w: [...rare, ...words({ a: 746, b: 746 })] }),
  })
  await writeProfile(root, 'train.csv')
  const exact = await check(root, { reference: 'train.csv' })
  const document = await check(root, { reference: 'profile.json' })
  const x = column(document, 'x')
  expect(x).toMatchObject({ test: 'wasserstein', score: null, drifted: true })
  expect(x?.interval?.low).toBeLessThanOrEqual(0.1688388095955243 + 1e-12)
  expect(x?.interval?.high).toBeGreaterThanOrEqual(0.1688388095955243 - 1e-12)
  expect(column(document, 'w')).toMatchObject({ test: 'jensenshannon', drifted: false })
  // Rare names are kept as hashes only, and are compared all the same.
  expect(column(document, 'w')?.score).toBeCloseTo(column(exact, 'w')?.score ?? -1, 12)
  const psi = await check(root, { reference: 'profile.json', tests: 'psi' })
  expect(column(psi, 'x')).toMatchObject({ drifted: null, status: 'inconclusive' })
  expect(column(psi, 'x')?.note).toContain('Give `reference` as data')
  // One of two columns is open: at a limit of one half the whole is open too.
  expect(psi).toMatchObject({ verdict: 'inconclusive', drifted: null, share: null })
})

/** Three windows of a day each, all far from the reference. */
function makeWindows(): string {
  const root = makeProject({ 'reference.csv': csv({ x: range(100, (i) => i) }) })
  for (const day of [1, 2, 3]) {
    const time = range(100, (i) => `2026-01-0${day} ${String(i % 24).padStart(2, '0')}:00:00`)
    writeFileSync(join(root, `day-${day}.csv`), csv({ x: range(100, (i) => i + 500 + day), t: time }))
  }
  return root
}

const dispatching = { timestamp: 't', retrain: 'dispatch', rules: { windows: 2, of: 3 } }

async function readLedger(root: string): Promise<LedgerView | undefined> {
  return (await portsOf(root)).ledger?.read('m')
}

function forgeWith(dispatch: Forge['dispatch']): Ports['forge'] {
  return { dispatch, runState: async () => 'running' }
}

test('two drifted windows start one retraining, however often and by however many they are checked', async () => {
  const root = makeWindows()
  const starts: unknown[][] = []
  const forge = forgeWith(async (...given) => {
    starts.push(given)
    return { id: '7', url: 'https://forge/runs/7' }
  })
  const first = await check(root, { ...dispatching, current: 'day-1.csv' }, { forge })
  expect(first.decision).toMatchObject({ retrain: false, blockedBy: [] })
  expect(first.decision.reasons[0]).toContain('1 of the last 1 windows drifted')
  expect(first.current.window).toEqual({ from: '2026-01-01T00:00:00.000Z', until: '2026-01-01T23:00:00.000Z' })

  const second = { ...dispatching, current: 'day-2.csv' }
  const found = await Promise.all([check(root, second, { forge }), check(root, second, { forge })])
  expect(found.filter(({ decision }) => decision.retrain)).toHaveLength(1)
  expect(found.map(({ decision }) => decision.runUrl).filter(Boolean)).toEqual(['https://forge/runs/7'])
  expect(starts).toEqual([['retrain.yml', 'main', { reason: expect.stringContaining('2 of the last 2 windows') }]])

  const third = await check(root, { ...dispatching, current: 'day-3.csv' }, { forge })
  expect(third.decision.blockedBy.join(' ')).toContain('A retraining is in flight')
  expect(third.history).toHaveLength(3)
  const entries = (await readLedger(root))?.entries ?? []
  expect(entries.filter(({ kind }) => kind === 'window')).toHaveLength(3)
  expect(entries.filter(({ kind }) => kind === 'claim')).toHaveLength(1)
  expect(entries.find(({ id }) => id.startsWith('started-'))).toMatchObject({ run: { id: '7' } })
})

/** The client of GitHub's API, on a forge that counts what it starts. */
async function openTwin(): Promise<{ twin: ForgeTwin; forge: Forge }> {
  const twin = await startForge()
  ends.push(() => twin.close())
  const location = {
    kind: 'github' as const,
    apiUrl: twin.url,
    serverUrl: twin.url,
    repository: 'o/r',
    token: 'secret',
  }
  return { twin, forge: await forgeFor(location, { delays: [1] }) }
}

const second = { ...dispatching, current: 'day-2.csv' }

test.each([
  [
    'refuses',
    [{ status: 422, method: 'POST' }],
    /Started retrain\.yml on main\. The forge did not start it:.*taken back/s,
  ],
  [
    'limits',
    [{ status: 429, method: 'POST', headers: { 'retry-after': '999' } }],
    /The forge answered 429.*taken back/s,
  ],
])('a run that the forge %s is told, and may be started by the next check', async (_, faults, told) => {
  const root = makeWindows()
  const { twin, forge } = await openTwin()
  await check(root, { ...dispatching, current: 'day-1.csv' }, { forge })
  twin.faults = faults
  await expect(check(root, second, { forge })).rejects.toThrow(told)
  twin.faults = []
  expect((await check(root, second, { forge })).decision).toMatchObject({
    retrain: true,
    runUrl: expect.stringMatching(/\/runs\/\d+$/),
  })
  expect(twin.dispatches).toHaveLength(1)
})

test('a run that surely was not asked for may be started by the next check', async () => {
  const root = makeWindows()
  const { twin, forge } = await openTwin()
  const gone = await openTwin()
  await gone.twin.close()
  await check(root, { ...dispatching, current: 'day-1.csv' }, { forge })
  await expect(check(root, second, { forge: gone.forge })).rejects.toThrow(/ECONNREFUSED.*taken back/s)
  expect((await check(root, second, { forge })).decision.retrain).toBe(true)
  expect(twin.dispatches).toHaveLength(1)
})

test('a run of which nobody knows whether it started keeps its claim, and no look starts another', async () => {
  const root = makeWindows()
  const { twin, forge } = await openTwin()
  await check(root, { ...dispatching, current: 'day-1.csv' }, { forge })
  twin.faults = [{ status: 502, method: 'POST' }]
  await expect(check(root, second, { forge })).rejects.toThrow(
    /Whether a run started is not known.*claim.*stands until 2026-02-01T03:00:00\.000Z.*start it by hand/s,
  )
  twin.faults = []
  const again = await check(root, second, { forge })
  const blockedBy = expect.arrayContaining([expect.stringContaining('already started a retraining')])
  expect(again.decision).toMatchObject({ retrain: false, blockedBy })
  expect(twin.dispatches).toHaveLength(0)
  const entries = (await readLedger(root))?.entries ?? []
  expect(entries.filter(({ kind }) => kind === 'outcome')).toEqual([])
})

test('a run that started while the ledger could not be told is told, and not started again', async () => {
  const root = makeWindows()
  const { twin, forge } = await openTwin()
  await check(root, { ...dispatching, current: 'day-1.csv' }, { forge })
  const { ledger, log } = await portsOf(root)
  if (ledger === undefined) throw new Error('no ledger')
  const warnings: string[] = []
  const failing = { tried: 'Pushed.', state: 'The remote hung up.', next: 'Run again.' }
  const found = await check(root, second, {
    forge,
    ledger: { ...ledger, append: () => Promise.reject(new OutsideError(failing)) },
    log: { ...log, warning: (message) => void warnings.push(message) },
  })
  expect(found.decision).toMatchObject({ retrain: true, runUrl: expect.stringMatching(/\/runs\/\d+$/) })
  expect(warnings.join()).toMatch(/Started retrain\.yml.*The remote hung up.*in flight until 2026-02-01T03:00/s)
  expect((await check(root, second, { forge })).decision.retrain).toBe(false)
  expect(twin.dispatches).toHaveLength(1)
  const entries = (await readLedger(root))?.entries ?? []
  expect(entries.filter(({ kind }) => kind === 'outcome')).toEqual([])
})

test('a claim that was taken back says nothing of the next one of the same windows', async () => {
  const root = makeWindows()
  const { twin, forge } = await openTwin()
  const rules = { windows: 1, of: 3, cooldown: '0s', budget: { day: 9, month: 9 } }
  const first = { ...dispatching, rules, current: 'day-1.csv' }
  twin.faults = [{ status: 422, method: 'POST' }]
  await expect(check(root, first, { forge })).rejects.toThrow('taken back')
  twin.faults = []
  expect((await check(root, first, { forge })).decision.retrain).toBe(true)
  const next = await check(root, { ...first, current: 'day-2.csv' }, { forge })
  expect(next.decision.blockedBy).toEqual([expect.stringContaining('A retraining is in flight')])
})

test('a pull request and a dry run only read the ledger', async () => {
  const root = makeWindows()
  const decide = { ...dispatching, retrain: 'decide', rules: { windows: 1, of: 1 }, current: 'day-1.csv' }
  const onPullRequest = { context: { ...context, event: 'pull-request' as const } }
  expect((await check(root, decide, onPullRequest)).decision.retrain).toBe(true)
  expect((await check(root, { ...decide, dryRun: true })).decision.retrain).toBe(true)
  const read = await readLedger(root)
  expect(read).toEqual({ head: null, entries: [] })
  const decided = await check(root, decide)
  expect(decided.decision.retrain).toBe(true)
  expect(stage.outputs.retrain.value(decided)).toBe('true')
  expect((await check(root, decide)).decision).toMatchObject({ retrain: false })
})

test('a window takes only its own rows, whole days by UTC', async () => {
  const root = makeWindows()
  mkdirSync(join(root, 'days'))
  for (const day of [1, 2, 3]) execFileSync('cp', [`day-${day}.csv`, 'days/'], { cwd: root })
  const given = { current: 'days', timestamp: 't', window: 'day', until: '2026-01-03' }
  const { current } = await check(root, given)
  expect(current).toMatchObject({
    rows: 100,
    window: { from: '2026-01-02T00:00:00.000Z', until: '2026-01-03T00:00:00.000Z' },
  })
})

test('a service beyond its limit fails a check whose data is quiet', async () => {
  const server = createServer((_, response) => {
    response.end('http_requests_total{code="200"} 90\nhttp_requests_total{code="503"} 10\n')
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  ends.push(() => server.close())
  const root = makeProject({ 'reference.csv': small.reference, 'current.csv': small.reference })
  const metricsUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`
  const document = await check(root, { metricsUrl, service: { errorRate: 0.05 } })
  expect(document).toMatchObject({ drifted: false, verdict: 'fail' })
  expect(document.summary).toContain('the service is beyond its limit in error rate')
  expect(stage.outputs.drifted.value(document)).toBe('false')
  const gone = await check(root, { metricsUrl: 'http://127.0.0.1:9/metrics' })
  expect(gone).toMatchObject({ verdict: 'inconclusive', service: [{ name: 'metrics', status: 'inconclusive' }] })
})

const flights = resolve(import.meta.dirname, '../../../examples/flight-delays')
const roles = { timestamp: 'scheduled_departure', id: 'id', truth: 'late', prediction: 'prediction', score: 'score' }

// The scores are those of Evidently 0.7.21, in the example's README.
test.each([
  ['2013-03', 'warn', 0.2, false, { temperature: 0.587, humidity: 0.242 }],
  ['2013-06', 'fail', 0.6, true, { temperature: 4.231, precipitation: 0.69, carrier: 0.036 }],
] as const)('the flights of %s are %s', async (month, verdict, share, drifted, scores) => {
  const root = makeProject()
  const train = join(flights, 'data/train/*.parquet')
  const current = join(flights, `data/batches/${month}/flights.parquet`)
  const document = await check(root, { ...roles, reference: train, current })
  expect(document).toMatchObject({ verdict, share, drifted, untested: [] })
  expect(document.columns).toHaveLength(10)
  for (const [name, score] of Object.entries(scores)) expect(column(document, name)?.score).toBeCloseTo(score, 3)

  await writeProfile(root, train)
  const { columns, drifted: decided } = await check(root, { ...roles, reference: 'profile.json', current })
  expect(decided).toBe(drifted)
  for (const { column: name, interval, drifted: found } of columns) {
    const exact = column(document, name)
    if (found !== null) expect([name, found]).toEqual([name, exact?.drifted])
    if (interval === null) continue
    expect(interval.low).toBeLessThanOrEqual((exact?.score ?? 0) + 1e-9)
    expect(interval.high).toBeGreaterThanOrEqual((exact?.score ?? 0) - 1e-9)
  }
})

test('a run on a forge that cannot start a retraining says so before it claims one', async () => {
  const root = makeWindows()
  const forge = { kind: 'github' as const, apiUrl: '', serverUrl: 'https://forge', repository: 'o/n' }
  const given = { ...dispatching, current: 'day-1.csv' }
  await expect(check(root, given, { context: { ...context, forge } })).rejects.toThrow('actions: write')
  expect((await readLedger(root))?.entries).toEqual([])
})

test('the newest outcome of a claim lets the next retraining start once the cooldown is over', async () => {
  const root = makeWindows()
  const given = { ...dispatching, retrain: 'decide', rules: { windows: 1, of: 1, cooldown: '1h', budget: { day: 9 } } }
  const at = (hour: number) => ({ now: () => new Date(Date.UTC(2026, 1, 1, hour)) })
  expect((await check(root, { ...given, current: 'day-1.csv' }, at(0))).decision.retrain).toBe(true)
  const held = await check(root, { ...given, current: 'day-2.csv' }, at(2))
  expect(held.decision.blockedBy).toEqual([expect.stringContaining('in flight')])
  const key = (await readLedger(root))?.entries.flatMap((entry) => (entry.kind === 'claim' ? entry.key : []))[0] ?? ''
  const outcome = { kind: 'outcome' as const, key, result: 'succeeded' as const, commit: null, actor: 'Ada' }
  await (await portsOf(root)).ledger?.append('m', [outcome])
  expect((await check(root, { ...given, current: 'day-2.csv' }, at(2))).decision.retrain).toBe(true)
})
