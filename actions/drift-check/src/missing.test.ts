import { expect, test } from 'vitest'
import { check, column, csv, makeProject, portsOf, range, writeProfile } from '../test/project.ts'

const names = ['a', 'b', 'c', 'd', 'e']
/** Five columns of the same 200 numbers; of those named, the first so many rows have no value. */
function tableOf(missing: Readonly<Record<string, number>> = {}, columns = names, rows = 200): string {
  return csv(
    Object.fromEntries(columns.map((name) => [name, range(rows, (i) => (i < (missing[name] ?? 0) ? '' : i % 7))])),
  )
}

const deciding = { retrain: 'decide', rules: { windows: 1, of: 1 } }

/** The check with data as reference, and with a profile of it: both must say the same. */
async function bothWays(root: string, given: Record<string, unknown> = {}) {
  await writeProfile(root, 'reference.csv')
  return [await check(root, given), await check(root, { ...given, reference: 'profile.json' })]
}

test('columns that are gone or emptied may have drifted: the whole is open, and no quiet window is written', async () => {
  const root = makeProject({
    'reference.csv': tableOf(),
    'current.csv': tableOf({ d: 200, e: 200 }, ['a', 'd', 'e']),
  })
  for (const document of await bothWays(root, deciding)) {
    expect(document).toMatchObject({ verdict: 'inconclusive', drifted: null, share: null, untested: [] })
    expect(document.columns.map(({ column: name, drifted, status }) => [name, drifted, status])).toEqual([
      ['a', false, 'pass'],
      ...['b', 'c', 'd', 'e'].map((name) => [name, null, 'inconclusive']),
    ])
    expect(column(document, 'b')).toMatchObject({ note: 'Current data has no such column.', score: null })
    expect(column(document, 'b')?.missingShare).toEqual({ reference: 0, current: null })
    expect(column(document, 'e')?.note).toMatch(/^Current data has no value in it\./)
    expect(column(document, 'e')?.missingShare).toMatchObject({ reference: 0, current: 1 })
    expect(document.summary).toContain('0 of 5 columns drifted, which may reach the limit of 50%')
    expect(document.decision).toMatchObject({
      retrain: false,
      reasons: [expect.stringContaining('no retraining on a guess')],
    })
  }
  const entries = (await (await portsOf(root)).ledger?.read('m'))?.entries ?? []
  expect(entries.map(({ kind }) => kind)).toContain('decision')
  expect(entries.map(({ kind }) => kind)).not.toContain('window')
})

test('a lost column that cannot turn the word leaves a quiet window, with no share', async () => {
  const root = makeProject({ 'reference.csv': tableOf(), 'current.csv': tableOf({}, names.slice(1)) })
  const document = await check(root, deciding)
  expect(document).toMatchObject({ verdict: 'inconclusive', drifted: false, share: null })
  const entries = (await (await portsOf(root)).ledger?.read('m'))?.entries ?? []
  expect(entries).toContainEqual(expect.objectContaining({ kind: 'window', drifted: false, share: null }))
})

test('predictions that current data lost are open too; data to learn from needs none', async () => {
  const given = { ...deciding, prediction: 'e' }
  const [all, four] = [tableOf(), tableOf({}, names.slice(0, 4))]
  const lost = await check(makeProject({ 'reference.csv': all, 'current.csv': four }), given)
  expect(column(lost, 'e')).toMatchObject({ drifted: null, note: 'Current data has no such column.' })
  const learnt = await check(makeProject({ 'reference.csv': four, 'current.csv': all }), given)
  expect(learnt).toMatchObject({ verdict: 'pass', untested: [] })
  expect(learnt.columns).toHaveLength(4)
})

test('no current rows at all are no quiet window', async () => {
  const root = makeProject({ 'reference.csv': tableOf(), 'current.csv': `${names.join(',')}\n` })
  expect(await check(root)).toMatchObject({ verdict: 'inconclusive', drifted: null, share: null })
})

test('a jump of missing values warns with its numbers, in columns of numbers, of texts and of times', async () => {
  const time = range(200, (i) => `2026-01-01 00:00:${String(i % 60).padStart(2, '0')}`)
  const words = range(200, (i) => (i % 2 ? 'x' : 'y'))
  const free = range(200, (i) => `name ${i}`)
  const without = (values: readonly unknown[], missing: number) => values.map((value, i) => (i < missing ? '' : value))
  const root = makeProject({
    'reference.csv': csv({ a: range(200, (i) => i % 7), words: without(words, 4), time, free }),
    'current.csv': csv({
      a: without(
        range(200, (i) => i % 7),
        196,
      ),
      words: without(words, 196),
      time: without(time, 20),
      free: without(free, 196),
    }),
  })
  for (const { columns, untested, verdict, summary } of await bothWays(root)) {
    const words = columns.find((one) => one.column === 'words')
    expect(words).toMatchObject({ status: 'warn', drifted: false, missingShare: { jumped: true } })
    // By the hypergeometric distribution: 4 and 196 of 200 missing.
    expect(words?.note).toBe('Missing values: 2.0% → 98.0% of the rows (p <0.001).')
    const others = new Map(untested.map((one) => [one.column, one]))
    expect(others.get('time')).toMatchObject({
      status: 'warn',
      missingShare: { reference: 0, current: 0.1, jumped: true },
    })
    expect(others.get('time')?.reason).toBe(
      'Times are not compared: they always move on. Missing values: 0.0% → 10.0% of the rows (p <0.001).',
    )
    expect(others.get('free')).toMatchObject({ status: 'inconclusive', missingShare: { jumped: true } })
    expect(verdict).toBe('inconclusive')
    expect(summary).toMatch(/; missing values jumped in 4 columns \(a 0\.0% → 98\.0%, /)
  }
})

test('when nothing drifted but values are missing, the verdict is a warning', async () => {
  const columns = names.slice(1)
  const missing = Object.fromEntries(columns.map((name) => [name, 196]))
  const root = makeProject({ 'reference.csv': tableOf({}, columns), 'current.csv': tableOf(missing, columns) })
  // Four rows are left, of the values 0 to 6: what is there did not drift.
  for (const document of await bothWays(root, { tests: 'ks', columns })) {
    expect(document).toMatchObject({ verdict: 'warn', drifted: false, share: 0 })
    expect(document.columns.map(({ status }) => status)).toEqual(Array(4).fill('warn'))
  }
})

// p-values of Fisher's exact test, two-sided, by exact fractions: 0 of 100 against 5: 0.059, 6: 0.029, 9: 0.0032.
test.each([
  ['six points more, which chance gives once in 35', 6, 100, 1, true],
  ['five points more, which chance gives once in 17', 5, 100, 1, false],
  ['nine points more in one of 25 columns', 9, 100, 25, false],
  ['nine points more in one of 15 columns', 9, 100, 15, true],
  ['4.9 points more in 1000 rows, beyond chance', 49, 1000, 1, false],
])('%s', async (_, missing, rows, width, jumped) => {
  const columns = range(width, (i) => `c${i}`).map(String)
  const root = makeProject({
    'reference.csv': tableOf({}, columns, rows),
    'current.csv': tableOf({ c0: missing }, columns, rows),
  })
  const document = await check(root)
  expect(column(document, 'c0')?.missingShare.jumped ?? false).toBe(jumped)
  expect(document.verdict).toBe(jumped ? 'warn' : 'pass')
})

test('values that are no longer missing have jumped too', async () => {
  const root = makeProject({ 'reference.csv': tableOf({ a: 30 }), 'current.csv': tableOf() })
  expect((await check(root)).columns.map(({ column: name, status }) => [name, status])).toEqual([
    ['a', 'warn'],
    ...names.slice(1).map((name) => [name, 'pass']),
  ])
})
