import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import {
  check,
  column,
  csv,
  ends,
  makeProject,
  makeWindows,
  portsOf,
  range,
  settingsOf,
  words,
  writeProfile,
} from '../test/project.ts'
import { run, stage } from './index.ts'

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
  const { columns, untested, verdict, drifted } = await check(root, { exclude: ['came'] })
  const told = [...untested, ...columns.map(({ note, ...one }) => ({ ...one, reason: note ?? '' }))]
  const found = Object.fromEntries(told.map(({ column: name, status, reason }) => [name, `${status}: ${reason}`]))
  expect(found).toEqual({
    x: 'pass: ',
    name: expect.stringMatching(/^inconclusive: More than half of its texts are distinct/),
    gone: 'inconclusive: Current data has no such column.',
    kind: 'inconclusive: Its type changed from integer to string.',
    empty: expect.stringMatching(/^inconclusive: Current data has no value in it\./),
    fresh: 'warn: The reference has no such column.',
  })
  // What current data lost may have drifted: three of four columns.
  expect({ verdict, drifted }).toEqual({ verdict: 'inconclusive', drifted: null })
})

test('data without a column in common is inconclusive, and settings of later releases are refused at once', async () => {
  const root = makeProject({ 'reference.csv': csv({ a: [1, 2] }), 'current.csv': csv({ b: [1, 2] }) })
  expect(await check(root)).toMatchObject({ verdict: 'inconclusive', drifted: null, share: null })
  const settings = settingsOf(root, { tests: 'calibrated', prometheusUrl: 'http://p' })
  await expect(run(settings, await portsOf(root))).rejects.toThrow(/calibrated.*\n.*prometheus-url/)
  await expect(check(root, { tests: 'kss' })).rejects.toThrow('there is no test "kss"')
  await expect(check(root, { exclude: ['c'] })).rejects.toThrow('neither side has a column "c"')
  await expect(check(root, { window: 'day' })).rejects.toThrow('Name the column with the time of a row')
})

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
