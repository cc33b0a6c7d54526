import { mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { UserError } from '@headgate/core'
import { beforeAll, expect, test } from 'vitest'
import { readTable, writeWithout } from './index.ts'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headgate-columns-'))
})

async function file(name: string, content: string): Promise<string> {
  const path = join(folder, name)
  await writeFile(path, content)
  return path
}

async function duckdb(sql: string): Promise<unknown[]> {
  const connection = await (await DuckDBInstance.create()).connect()
  return (await connection.runAndReadAll(sql)).getRowObjectsJson()
}

async function problemsOf(work: Promise<unknown>): Promise<readonly string[]> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (!(error instanceof UserError)) throw new Error(`expected a UserError, got ${String(error)}`)
  return error.problems.map((problem) => `${problem.where?.line ?? ''} ${problem.what} ${problem.fix ?? ''}`.trim())
}

test('CSV by RFC 4180: byte order mark, quotes, commas and line breaks inside them, CRLF, unicode', async () => {
  const path = await file('quotes.csv', '\uFEFFid,名前,note\r\n1,"a ""b"", c","two\nlines"\r\n2,Zoë,\r\n3,"",x"y\r\n')
  const table = await readTable(path)
  expect(table.rows).toBe(3)
  expect(table.columns.get('id')).toEqual(['1', '2', '3'])
  expect(table.columns.get('名前')).toEqual(['a "b", c', 'Zoë', ''])
  expect(table.columns.get('note')).toEqual(['two\nlines', null, 'x"y'])
})

test('CSV is the same wherever a piece of the file ends', async () => {
  const rows = Array.from({ length: 30_000 }, (_, i) => `${i},"ünï ""${i}"", and\r\nmore",${i / 7}`)
  const table = await readTable(await file('long.csv', `id,text,score\r\n${rows.join('\r\n')}`), ['text', 'id'])
  expect(table.rows).toBe(30_000)
  expect([...table.columns.keys()]).toEqual(['text', 'id'])
  for (const i of [0, 9_999, 29_999]) expect(table.columns.get('text')?.[i]).toBe(`ünï "${i}", and\r\nmore`)
})

test('mistakes in CSV are told with their line', async () => {
  expect(await problemsOf(readTable(await file('ragged.csv', 'a,b\n1,2\n3\n')))).toEqual([
    '3 has 1 fields where the header has 2.',
  ])
  expect(await problemsOf(readTable(await file('open.csv', 'a,b\n1,"2\n3,4\n')))).toEqual([
    '2 opens a quote that is never closed.',
  ])
  expect(await problemsOf(readTable(await file('after.csv', 'a,b\n1,"2"3\n')))).toEqual([
    '2 has text after a closing quote.',
  ])
  expect(await problemsOf(readTable(await file('twice.csv', 'a,a\n1,2\n')))).toEqual(['1 has the column "a" twice.'])
})

test('NDJSON keeps integers that a double cannot hold, and a key that a row lacks is null', async () => {
  const path = await file('rows.ndjson', '{"id":9007199254740993,"s":0.5}\n\n{"id":2,"t":[1,{"a":2}]}\n')
  const table = await readTable(path)
  expect(table.columns.get('id')).toEqual([9007199254740993n, 2])
  expect(table.columns.get('s')).toEqual([0.5, null])
  expect(table.columns.get('t')).toEqual([null, '[1,{"a":2}]'])
  expect(await problemsOf(readTable(await file('bad.ndjson', '{"a":1}\n[2]\n')))).toEqual(['2 expected a JSON object.'])
})

test.each(['snappy', 'zstd', 'gzip', 'uncompressed'])('Parquet as DuckDB writes it with %s', async (codec) => {
  const path = join(folder, `${codec}.parquet`)
  await duckdb(`COPY (SELECT i::BIGINT AS id, 'ü' || (i % 3) AS origin, i / 8 AS score, i % 2 = 0 AS late,
    CASE WHEN i % 5 = 0 THEN NULL ELSE i::INTEGER END AS gap, TIMESTAMP '2013-01-01' + INTERVAL (i) MINUTE AS at
    FROM range(5000) t(i)) TO '${path}' (FORMAT parquet, COMPRESSION ${codec}, ROW_GROUP_SIZE 2048)`)
  const table = await readTable(path, ['at', 'id', 'gap', 'late', 'origin', 'score'])
  const row = (i: number) => [...table.columns.values()].map((cells) => cells[i])
  expect(table.rows).toBe(5000)
  expect(row(0)).toEqual([new Date('2013-01-01T00:00:00Z'), 0n, null, true, 'ü0', 0])
  expect(row(4999)).toEqual([new Date('2013-01-04T11:19:00Z'), 4999n, 4999, false, 'ü1', 624.875])
})

test('a missing file, an unknown format and an empty table are errors', async () => {
  expect(await problemsOf(readTable(join(folder, 'absent.csv')))).toEqual(['there is no such file.'])
  expect((await problemsOf(readTable(await file('table.xlsx', 'x'))))[0]).toMatch(/^is no table that can be read/)
  expect(await problemsOf(readTable(await file('header.csv', 'a,b\n')))).toEqual(['holds no rows.'])
  expect(await problemsOf(readTable(await file('zero.csv', '')))).toEqual(['is empty.'])
  expect((await problemsOf(readTable(await file('broken.parquet', 'PAR1'))))[0]).toMatch(/^cannot be read as Parquet/)
})

test('all missing columns are told at once, with the nearest name', async () => {
  const path = await file('columns.csv', 'id,score,origin\n1,2,3\n')
  expect(await problemsOf(readTable(path, ['id', 'scor', 'weight']))).toEqual([
    'has no column "scor". Did you mean "score"? It has: id, score, origin.',
    'has no column "weight". It has: id, score, origin.',
  ])
})

test('a Parquet file without its label is one that DuckDB reads, and holds the label nowhere', async () => {
  const path = join(folder, 'labelled.parquet')
  const to = join(folder, 'unlabelled.parquet')
  const others = `i AS id, i / 3 AS distance, {'a': i, 'b': [i, i + 1]} AS nested, 'v' || (i % 7) AS name`
  await duckdb(`COPY (SELECT ${others}, 'secret-' || (i % 2) AS label, i * 2 AS last
    FROM range(6000) t(i)) TO '${path}' (FORMAT parquet, ROW_GROUP_SIZE 2048)`)
  await writeWithout(path, ['label'], to)
  const names = 'id, distance, nested, name, last'
  expect(await duckdb(`SELECT column_name FROM (DESCRIBE FROM '${to}')`)).toEqual(
    names.split(', ').map((name) => ({ column_name: name })),
  )
  const [difference] = (await duckdb(
    `SELECT count(*)::INTEGER AS n FROM ((SELECT ${names} FROM '${path}') EXCEPT ALL (FROM '${to}'))`,
  )) as { n: number }[]
  expect(difference?.n).toBe(0)
  expect((await duckdb(`SELECT count(*)::INTEGER AS n FROM '${to}'`))[0]).toEqual({ n: 6000 })
  expect((await readFile(path)).includes('secret-')).toBe(true)
  expect((await readFile(to)).includes('secret-')).toBe(false)
})

test('CSV and NDJSON lose a column and keep the text of the others', async () => {
  const csv = await file('labelled.csv', 'id,label,note\n1,yes,"a, ""b"""\n2,no,\n3,no,""\n')
  await writeWithout(csv, ['label'], join(folder, 'unlabelled.csv'))
  expect(await readFile(join(folder, 'unlabelled.csv'), 'utf8')).toBe('id,note\n1,"a, ""b"""\n2,\n3,""\n')
  const ndjson = await file('labelled.ndjson', '{"id":9007199254740993,"label":1,"x":{"y":[1]}}\n')
  await writeWithout(ndjson, ['label'], join(folder, 'unlabelled.ndjson'))
  expect(await readFile(join(folder, 'unlabelled.ndjson'), 'utf8')).toBe('{"id":9007199254740993,"x":{"y":[1]}}\n')
})

/** The line on which a text stands in a file, counted by its line feeds. */
const lineOf = (content: string, text: string): number => content.slice(0, content.indexOf(text)).split('\n').length

test.each(['\n', '\r\n'])('a CSV row is on the line where it begins, with line ends %j', async (end) => {
  const lines = ['id,note', 'a,plain', 'b,"two', 'lines"', '', 'c,"', '', 'three"', '', '', 'd,""', '"e",last']
  const content = `\uFEFF${lines.join(end)}`
  const table = await readTable(await file(`lines-${end.length}.csv`, content))
  expect(table.columns.get('id')).toEqual(['a', 'b', 'c', 'd', 'e'])
  const found = Array.from({ length: table.rows }, (_, row) => table.lines?.of(row))
  expect(found).toEqual([2, 3, 6, 11, 12])
  expect(found).toEqual(['a,p', 'b,"', 'c,"', 'd,"', '"e"'].map((text) => lineOf(content, text)))
})

test('rows keep their lines in a file of many pieces', async () => {
  const rows = Array.from({ length: 40_000 }, (_, i) =>
    i % 3 === 0 ? `<${i}>,"a\r\nb\nc"` : `<${i}>,${'x'.repeat(i % 40)}`,
  )
  const content = `id,note\r\n${rows.join('\r\n')}\r\n`
  const { lines } = await readTable(await file('pieces.csv', content), ['id'])
  for (const row of [0, 1, 2, 3, 19_999, 39_998, 39_999]) expect(lines?.of(row)).toBe(lineOf(content, `<${row}>`))
})

test('NDJSON rows are on their lines, and Parquet rows on none', async () => {
  const content = '\n{"id":"a"}\r\n\r\n\n{"id":"b"}\n{"id":"c"}\n'
  const { lines } = await readTable(await file('lines.ndjson', content))
  expect([0, 1, 2].map((row) => lines?.of(row))).toEqual([2, 5, 6])
  const path = join(folder, 'lines.parquet')
  await duckdb(`COPY (SELECT i AS id FROM range(3) t(i)) TO '${path}' (FORMAT parquet)`)
  expect((await readTable(path)).lines).toBeUndefined()
})
