import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { profileSchema, strictJson } from '@headgate/core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Engine } from '../index.ts'
import { buildProfile, categoryHash, findSource, mergeProfiles, openEngine, openTable } from '../index.ts'

let engine: Engine
let root: string

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'profile-'))
  engine = await openEngine('auto', { tools: join(root, 'tools'), temporary: root })
})
afterAll(() => engine.close())

async function open(name: string, select: string) {
  await engine.query(`COPY (${select}) TO '${join(root, name)}'`)
  return openTable(engine, await findSource(name, root))
}
const numbers = (list: string) => `SELECT CAST(x AS DOUBLE) AS x FROM (VALUES ${list}) AS t(x)`
const profileOf = async (name: string, select: string, reference?: Awaited<ReturnType<typeof buildProfile>>) =>
  buildProfile(await open(name, select), { reference })

test('a numeric column is counted and measured without what is not finite', async () => {
  const { columns } = await profileOf('a.parquet', numbers(`('1'), ('2'), ('2'), ('7'), ('nan'), ('-inf'), (NULL)`))
  // Of 1, 2, 2, 7: mean 3, squared deviations 4 + 1 + 1 + 16.
  expect(columns[0]).toMatchObject({
    ...{ column: 'x', type: 'float', rows: 7, nulls: 1, nan: 1, infinite: 1, distinct: 4 },
    ...{ minimum: 1, maximum: 7, moments: { count: 4, mean: 3, m2: 22 }, categories: null },
  })
  expect(columns[0]?.histogram?.edges).toEqual([1, 2, 7])
  expect(columns[0]?.histogram?.bins).toEqual([
    { count: 1, sum: 1 },
    { count: 3, sum: 11 },
  ])
})

test('a current profile takes the reference’s edges; a value on an edge opens its bin, the last edge closes it', async () => {
  const reference = await profileOf('r.parquet', numbers(`('0'), ('10'), ('20')`))
  const current = await profileOf(
    'c.parquet',
    numbers(`('-1'), ('0'), ('9'), ('10'), ('20'), ('21'), ('inf')`),
    reference,
  )
  expect(current.columns[0]?.histogram).toMatchObject({
    edges: [0, 10, 20],
    edgesDigest: reference.columns[0]?.histogram?.edgesDigest,
    bins: [
      { count: 2, sum: 9 },
      { count: 2, sum: 30 },
    ],
    below: { count: 1, sum: -1 },
    above: { count: 1, sum: 21 },
  })
})

test('a value seen ten times is named, a rarer one and every value of a long list is hashed', async () => {
  const { columns } = await profileOf(
    's.parquet',
    `SELECT CASE WHEN i < 10 THEN 'often' ELSE 'Ada' END AS few, 'person ' || i AS many FROM range(110) AS t(i) WHERE i < 10 OR i = 10
     UNION ALL SELECT 'often', 'person ' || i FROM range(11, 110) AS t(i)`,
  )
  const [few, many] = columns
  expect(few?.categories).toEqual({
    counts: [
      { value: 'often', count: 109 },
      { value: categoryHash('few', 'Ada'), count: 1 },
    ],
    hashed: false,
    others: 0,
  })
  expect(many?.categories?.hashed).toBe(true)
  expect(many?.categories?.counts).toHaveLength(110)
  expect(JSON.stringify(columns)).not.toMatch(/Ada|person/)
})

test('merging the profiles of parts gives that of the whole, in any order', async () => {
  const all = Array.from({ length: 60 }, (_, i) => ((i * 37) % 41) - 9)
  const part = (from: number, to: number) =>
    `SELECT CAST(x AS INTEGER) AS x, 'c' || (x % 3) AS s FROM (VALUES ${all
      .slice(from, to)
      .map((x) => `(${x})`)
      .join(', ')}) AS t(x)`
  const whole = await profileOf('w.parquet', part(0, 60))
  const one = await profileOf('p1.parquet', part(0, 7), whole)
  const two = await profileOf('p2.parquet', part(7, 40), whole)
  const three = await profileOf('p3.parquet', part(40, 60), whole)
  for (const merged of [mergeProfiles(mergeProfiles(one, two), three), mergeProfiles(three, mergeProfiles(two, one))]) {
    for (const [index, column] of merged.columns.entries()) {
      const { moments, categories, ...rest } = column
      const expected = whole.columns[index]
      expect(rest).toEqual({ ...expected, distinct: null, moments: undefined, categories: undefined })
      expect(categories?.counts.map(({ count }) => count)).toEqual(
        expected?.categories?.counts.map(({ count }) => count),
      )
      expect(moments?.mean ?? 0).toBeCloseTo(expected?.moments?.mean ?? 0, 12)
      expect(moments?.m2 ?? 0).toBeCloseTo(expected?.moments?.m2 ?? 0, 8)
    }
  }
  const own = await profileOf('p4.parquet', part(0, 7))
  expect(() => mergeProfiles(whole, own)).toThrow(/different edges/)
})

test('every kind of column makes a strict document, in four queries and the reading', async () => {
  const head = 'i,f,b,s,t,empty\n'
  await writeFile(join(root, 'all.csv'), `${head}1,0.5,true,é|x,2013-01-01 00:00:00,\n,,,,,\n`)
  const table = await openTable(engine, await findSource('all.csv', root))
  const before = engine.queries()
  const profile = await buildProfile(table)
  expect(engine.queries() - before).toBe(4)
  expect(profileSchema.parse(JSON.parse(strictJson(profile)))).toEqual(profile)
  const types = Object.fromEntries(profile.columns.map((column) => [column.column, column.type]))
  expect(types).toMatchObject({ i: 'integer', f: 'float', b: 'boolean', s: 'string', t: 'timestamp' })
  expect(profile.columns[4]).toMatchObject({ minimum: Date.UTC(2013, 0, 1), nulls: 1, moments: null })
})
