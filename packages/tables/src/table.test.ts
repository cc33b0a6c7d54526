import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { UserError } from '@headgate/core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Engine } from './index.ts'
import { categoryCounts, findSource, numericColumn, openEngine, openTable } from './index.ts'

let engine: Engine
let root: string

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'tables-'))
  engine = await openEngine('auto', { tools: join(root, 'tools'), temporary: root })
})
afterAll(() => engine.close())

async function parquet(name: string, select: string): Promise<string> {
  await engine.query(`COPY (${select}) TO '${join(root, name)}'`)
  return name
}

test('NaN in Parquet is missing, infinity is a value', async () => {
  await parquet(
    'x.parquet',
    "SELECT CAST(x AS DOUBLE) AS x FROM (VALUES ('1'), ('nan'), (NULL), ('inf'), ('-2.5')) AS t(x)",
  )
  const table = await openTable(engine, await findSource('x.parquet', root))
  expect(await numericColumn(table, 'x')).toEqual({
    values: Float64Array.of(1, Number.POSITIVE_INFINITY, -2.5),
    rows: 5,
    nulls: 1,
    nan: 1,
  })
})

test('hostile names of columns are names only', async () => {
  const hostile = 'a"; DROP TABLE source_1; --'
  await writeFile(join(root, 'hostile.csv'), `"${hostile.replaceAll('"', '""')}",'é|\`\nx,1\ny,2\nx,3\n`)
  const table = await openTable(engine, await findSource('hostile.csv', root))
  expect(table.columns.map((column) => [column.name, column.type])).toEqual([
    [hostile, 'string'],
    ["'é|`", 'integer'],
  ])
  expect([...(await categoryCounts(table, hostile)).counts]).toEqual([
    ['x', 2],
    ['y', 1],
  ])
})

test('a column of text is read as the type that is asked for, or not at all', async () => {
  await writeFile(join(root, 'typed.csv'), 'n,b\n7,true\n7.0,0\n1.5,x\n1_000,\n')
  const table = await openTable(engine, await findSource('typed.csv', root), { types: { n: 'integer', b: 'boolean' } })
  expect((await numericColumn(table, 'n')).values).toEqual(Float64Array.of(7, 7))
  expect((await numericColumn(table, 'b')).values).toEqual(Float64Array.of(1, 0))
})

test('a folder or a glob is one table, in the order of its files, and a window keeps [from, until)', async () => {
  const day = (n: number) => `SELECT TIMESTAMP '2013-01-0${n}' AS t, ${n} AS i`
  await parquet('day-1.parquet', day(1))
  await parquet('day-2.parquet', day(2))
  await parquet('day-3.parquet', day(3))
  const window = { timestamp: 't', from: new Date('2013-01-02'), until: new Date('2013-01-03') }
  const source = await findSource('day-*.parquet', root)
  expect((await numericColumn(await openTable(engine, source), 'i')).values).toEqual(Float64Array.of(1, 2, 3))
  expect((await numericColumn(await openTable(engine, source, { window }), 'i')).values).toEqual(Float64Array.of(2))
})

test.each([
  ['nothing-*.csv', /no data file is there/],
  ['s3://user:secret@bucket/x.parquet', /s3:\/\/bucket\/x.parquet: sources of this kind/],
  ['notes.xlsx', /is of a kind that cannot be read/],
])('%s is refused in words', async (location, message) => {
  await writeFile(join(root, 'notes.xlsx'), '')
  await expect(findSource(location, root)).rejects.toThrow(message)
})

test('a file that is no Parquet is the user’s to mend', async () => {
  await writeFile(join(root, 'broken.parquet'), 'not parquet')
  const source = await findSource('broken.parquet', root)
  await expect(openTable(engine, source)).rejects.toThrow(UserError)
})

test('once confined, an engine reads nothing else', async () => {
  const other = await openEngine('duckdb', { tools: root, temporary: root })
  await writeFile(join(root, 'open.csv'), 'a\n1\n')
  await other.confine([join(root, 'open.csv')])
  await expect(other.query(`SELECT * FROM read_text('/etc/hostname')`)).rejects.toThrow(/disabled by configuration/)
  expect(await other.query(`SELECT a FROM read_csv('${join(root, 'open.csv')}')`)).toEqual([{ a: 1 }])
  await expect(other.queryForeign('SELECT 1; SELECT 2')).rejects.toThrow(/single SQL statement/)
  await other.close()
})
