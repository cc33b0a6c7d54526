import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Contract } from '@headgate/contracts'
import { readContract } from '@headgate/contracts'
import type { Check } from '@headgate/core'
import { beforeAll, expect, test } from 'vitest'
import type { Engine, Table } from '../index.ts'
import { findSource, openEngine, openTable, readAs, runChecks } from '../index.ts'

let root: string

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'checks-'))
})

const open = (): Promise<Engine> => openEngine('auto', { tools: join(root, 'tools'), temporary: root })

function contractOf(properties: string, more = ''): Contract {
  const head = 'apiVersion: v3.1.0\nkind: DataContract\nid: x\nversion: 1.0.0\nstatus: active\n'
  return readContract(`${head}schema:\n  - name: t\n    properties:\n${properties}${more}`, 'contract.yaml')
}

const options = { now: new Date('2024-01-03T00:00:00Z'), sampleFailures: 5, showValues: false }

async function check(
  file: string,
  contract: Contract,
  more: Partial<typeof options> = {},
): Promise<{ checks: Map<string, Check>; queries: number }> {
  const engine = await open()
  try {
    const types = Object.fromEntries(contract.columns.map((column) => [column.name, readAs(column.logicalType)]))
    const table: Table = await openTable(engine, await findSource(file, root), { types })
    const before = engine.queries()
    const results = await runChecks(table, contract, { ...options, ...more })
    return { checks: new Map(results.map((one) => [one.id, one])), queries: engine.queries() - before }
  } finally {
    await engine.close()
  }
}

const brief = (one: Check | undefined) => [one?.status, one?.unexpected, one?.samples.map((sample) => sample.row)]

test('each check of CSV counts by hand, and says which rows fail', async () => {
  const rows = [
    'id,n,s,d,b',
    '1,5,abc,2024-01-01,true',
    '2,x,ab,2024-01-02T05:00:00,no',
    '2,11,"it\'s",,false',
    ',-1,N/A,never,1',
  ]
  await writeFile(join(root, 'a.csv'), `${rows.join('\n')}\n`)
  const contract = contractOf(`
      - { name: id, logicalType: integer, primaryKey: true }
      - name: n
        logicalType: integer
        logicalTypeOptions: { minimum: 0, exclusiveMaximum: 11, multipleOf: 5 }
      - name: s
        logicalType: string
        logicalTypeOptions: { minLength: 3, maxLength: 3, pattern: '^[a-z]+$' }
        quality:
          - { id: valid, metric: invalidValues, arguments: { validValues: [abc, "it's"] }, mustBe: 0 }
          - { id: na, metric: missingValues, arguments: { missingValues: [N/A, ''] }, mustBeLessThan: 2 }
          - { id: ahead, metric: invalidValues, arguments: { pattern: '^(?!a)' }, mustBe: 0 }
      - { name: d, logicalType: date }
      - { name: b, logicalType: boolean }
`)
  const { checks, queries } = await check('a.csv', contract)
  const found = Object.fromEntries([...checks].map(([id, one]) => [id, brief(one)]))
  expect(found).toEqual({
    'id.logicalType': ['pass', 0, []],
    'id.primaryKey': ['fail', 1, [3]], // the key's second part says that it repeats, this one that it is absent
    'id.primaryKey-2': ['fail', 1, [2]],
    'n.logicalType': ['fail', 1, [1]],
    'n.minimum': ['fail', 1, [3]],
    'n.exclusiveMaximum': ['fail', 1, [2]],
    'n.multipleOf': ['fail', 2, [2, 3]],
    's.logicalType': ['pass', 0, []],
    's.minLength': ['fail', 1, [1]],
    's.maxLength': ['fail', 1, [2]],
    's.pattern': ['fail', 2, [2, 3]],
    valid: ['fail', 2, [1, 3]],
    na: ['pass', 1, []],
    ahead: ['fail', 2, [0, 1]],
    'd.logicalType': ['fail', 2, [1, 3]],
    'b.logicalType': ['fail', 1, [1]],
  })
  expect(checks.get('n.minimum')?.samples).toEqual([{ row: 3, key: { id: null } }])
  expect(queries).toBeLessThanOrEqual(6) // scan, distinct, one pattern for JavaScript, located, duplicates, keys
})

test('the SQL of a check gives its count', async () => {
  await writeFile(join(root, 'sql.csv'), 'a\nx\ny\ny\n')
  const contract = contractOf(`
      - name: a
        logicalType: string
        unique: true
        quality: [{ id: valid, metric: invalidValues, arguments: { validValues: [x] }, mustBe: 0 }]
`)
  const { checks } = await check('sql.csv', contract)
  const engine = await open()
  for (const [id, count] of [
    ['valid', 2],
    ['a.unique', 1],
    ['a.logicalType', 0],
  ] as const) {
    const sql = checks.get(id)?.sql.replaceAll('sql.csv', join(root, 'sql.csv')) ?? ''
    expect([id, Object.values((await engine.query(sql))[0] ?? {})]).toEqual([id, [count]])
  }
  await engine.close()
})

test('NaN is missing and infinity out of every range, also where Parquet statistics hide them', async () => {
  const engine = await open()
  const values = "(VALUES ('1'), ('nan'), ('inf'), (NULL), ('250'), ('-inf')) AS t(x)"
  await engine.query(`COPY (SELECT CAST(x AS DOUBLE) AS x FROM ${values}) TO '${join(root, 'nan.parquet')}'`)
  await engine.close()
  const contract = contractOf(`
      - { name: x, logicalType: integer, required: true, unique: true, logicalTypeOptions: { minimum: 0, maximum: 200 } }
`)
  const { checks, queries } = await check('nan.parquet', contract, { showValues: true })
  expect(brief(checks.get('x.logicalType'))).toEqual(['fail', 2, [2, 5]])
  expect(brief(checks.get('x.required'))).toEqual(['fail', 2, [1, 3]])
  expect(brief(checks.get('x.unique'))).toEqual(['pass', 0, []])
  expect(brief(checks.get('x.minimum'))).toEqual(['fail', 1, [5]])
  expect(brief(checks.get('x.maximum'))).toEqual(['fail', 2, [2, 4]])
  expect(checks.get('x.maximum')).toMatchObject({ rows: 6, missing: 2, expected: '= 0 rows' })
  expect(checks.get('x.maximum')?.samples[0]).toEqual({ row: 2, value: 'Infinity' })
  expect(queries).toBe(4)
})

test('counts of the table, percentages, queries and freshness are held to their operators', async () => {
  await writeFile(
    join(root, 'b.csv'),
    'k,v,t\n1,,2024-01-01T00:00:00Z\n1,b,2024-01-02T12:00:00Z\n2,b,\n1,b,2024-01-02\n',
  )
  const contract = contractOf(
    `
      - { name: k, logicalType: integer }
      - name: v
        quality:
          - { id: quarter, metric: nullValues, unit: percent, mustBeLessThan: 25, severity: warning }
          - { id: query, type: sql, query: 'SELECT count(DISTINCT {property}) FROM {object}', mustBe: 1 }
          - { id: stolen, type: sql, query: "SELECT count(*) FROM read_text('/etc/passwd')", mustBe: 1 }
          - { id: words, type: sql, query: 'SELECT k, v FROM {object}', mustBe: 1 }
      - { name: t, logicalType: timestamp }
    quality:
      - { id: rows, metric: rowCount, mustBeBetween: [4, 9] }
      - { id: pairs, metric: duplicateValues, arguments: { properties: [k, v] }, mustBe: 0 }
`,
    'slaProperties: [{ property: freshness, element: t.t, value: 11, unit: h }]\n',
  )
  const { checks } = await check('b.csv', contract)
  expect(checks.get('rows')).toMatchObject({ status: 'pass', observed: 4, expected: 'between 4 and 9 rows' })
  expect(checks.get('rows')?.note).toMatch(/bounds belong to the range/)
  expect(brief(checks.get('pairs'))).toEqual(['fail', 1, [3]])
  expect(checks.get('quarter')).toMatchObject({ status: 'warn', observed: 25, unexpected: 1 })
  expect(checks.get('query')).toMatchObject({ status: 'pass', observed: 1 })
  expect(checks.get('stolen')).toMatchObject({ status: 'error', observed: null })
  expect(checks.get('words')).toMatchObject({ status: 'error' })
  expect(checks.get('t.freshness')).toMatchObject({ status: 'fail', observed: 43_200, expected: '<= 39600 s' })
})

test('what cannot be evaluated never passes', async () => {
  await writeFile(join(root, 'c.csv'), 's\nx\n')
  const contract = contractOf(`
      - { name: s, logicalType: string, physicalType: geography }
      - { name: absent, logicalType: string, quality: [{ metric: nullValues, mustBe: 0 }] }
`)
  const { checks } = await check('c.csv', contract)
  expect(checks.get('s.physicalType')).toMatchObject({ status: 'error', note: expect.stringContaining('geography') })
  expect(checks.get('absent.nullValues')).toMatchObject({ status: 'inconclusive', observed: null })
})

test('a thousand checks need no more queries than ten', async () => {
  await writeFile(join(root, 'many.csv'), 'n,s\n1,a\n2,b\n')
  const many = Array.from({ length: 500 }, (_, i) => `          - { metric: nullValues, mustBeLessThan: ${i + 1} }\n`)
  const sets = Array.from(
    { length: 500 },
    (_, i) => `          - { metric: invalidValues, arguments: { validValues: [a, b, '${i}'] }, mustBe: 0 }\n`,
  )
  const contract = contractOf(
    `      - name: n\n        quality:\n${many.join('')}      - name: s\n        quality:\n${sets.join('')}`,
  )
  const { checks, queries } = await check('many.csv', contract)
  expect(checks.size).toBe(1000)
  expect([...checks.values()].every((one) => one.status === 'pass')).toBe(true)
  expect(queries).toBe(2)
})

test('names and values that look like SQL stay names and values', async () => {
  const name = `x" OR 1=1; --'`
  await writeFile(join(root, 'evil.csv'), `"${name.replaceAll('"', '""')}"\n'; DROP TABLE t; --\nok\n`)
  const contract = contractOf(`
      - name: ${JSON.stringify(name)}
        logicalType: string
        required: true
        quality: [{ id: v, metric: invalidValues, arguments: { validValues: ["'; DROP TABLE t; --"] }, mustBe: 0 }]
`)
  const { checks } = await check('evil.csv', contract)
  expect(brief(checks.get('v'))).toEqual(['fail', 1, [1]])
})
