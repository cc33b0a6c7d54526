import type { Contract, ContractCheck } from '@headgate/contracts'
import { expectation, meets } from '@headgate/contracts'
import type { Check, Status } from '@headgate/core'
import { messageOf } from '@headgate/core'
import type { Table, TableColumn } from '../table.ts'
import { isMissing } from '../table.ts'
import { isOfDistinctValues, isRowMetric, predicateOf } from './predicate.ts'
import { locateRows } from './samples.ts'

/** A check on its way: what is counted, where, and what came of it. */
export interface Measured {
  readonly check: ContractCheck
  readonly columns: readonly TableColumn[]
  /** Counts in the scan of the table, or on the distinct values of `group`; absent where SQL cannot count. */
  readonly where?: string | undefined
  /** The columns whose distinct values are counted. */
  readonly group?: readonly TableColumn[] | undefined
  readonly pattern?: RegExp | undefined
  note?: string | undefined
  cannot?: string | undefined
  /** The count, or the answer of a query. */
  measure?: number | undefined
  missing?: number | undefined
  sql: string
}

export interface CheckOptions {
  readonly now: Date
  /** How many failing rows are located for each check. */
  readonly sampleFailures: number
  readonly showValues: boolean
}

/**
 * Evaluates a contract's checks: one scan for all counts of rows, one query for all that count distinct values, and
 * two to locate failing rows, however many checks there are. Queries of the contract and patterns that only JavaScript
 * reads come on top. The columns of every check must be there, but a check of an absent column is inconclusive.
 */
export async function runChecks(table: Table, contract: Contract, options: CheckOptions): Promise<readonly Check[]> {
  const all = contract.checks.map((check) => prepare(table, check))
  await scan(table, all, options.now)
  await countDistinct(table, all)
  for (const one of all) if (one.pattern) await matchPattern(table, one, one.pattern)
  if (all.some((one) => one.check.metric.kind === 'sql')) await runQueries(table, all)
  const failing = all.filter((one) => statusOf(table, one) !== 'pass')
  const samples = await locateRows(table, failing, contract.primaryKey, options)
  return all.map((one) => resultOf(table, one, samples.get(one) ?? []))
}

function prepare(table: Table, check: ContractCheck): Measured {
  const found = check.columns.map((name) => table.columns.find((column) => column.name === name))
  const columns = found.filter((column) => column !== undefined)
  const absent = check.columns.filter((_name, index) => found[index] === undefined)
  if (absent.length > 0) return { check, columns: [], sql: '', cannot: `the data has no column ${absent.join(', ')}.` }
  const base = { check, columns, sql: '' }
  const [column] = columns
  const { metric } = check
  if (metric.kind === 'duplicate-values') return { ...base, group: columns }
  if (!isRowMetric(metric) || column === undefined) return base
  const predicate = predicateOf(table, column, metric)
  if ('cannot' in predicate) return { ...base, cannot: predicate.cannot }
  if ('pattern' in predicate) return { ...base, pattern: predicate.pattern, where: predicate.other }
  const group = isOfDistinctValues(column, check) ? [column] : undefined
  return { ...base, where: predicate.where, group, note: predicate.note }
}

/** One scan: the rows, the missing values of every column that is checked, and every count of rows. */
async function scan(table: Table, all: readonly Measured[], now: Date): Promise<void> {
  const { engine, relation } = table
  const { dialect } = engine
  const aggregates = new Map<string, string>()
  for (const [index, one] of all.entries()) {
    const [column] = one.columns
    if (column && one.columns.length === 1)
      aggregates.set(missingName(column), dialect.countWhere(isMissing(engine, column)))
    const aggregate = scanned(table, one)
    if (aggregate === undefined) continue
    aggregates.set(`c${index}`, aggregate)
    one.sql = `SELECT ${aggregate} FROM ${table.shown}`
  }
  if (aggregates.size === 0) return
  const list = [...aggregates].map(([name, sql]) => `${sql} AS ${dialect.identifier(name)}`)
  const [row = {}] = await engine.query(`SELECT ${list.join(', ')} FROM ${relation}`)
  for (const [index, one] of all.entries()) {
    const [column] = one.columns
    if (column && one.columns.length === 1) one.missing = Number(row[missingName(column)])
    const found = row[`c${index}`]
    if (found === undefined) continue
    if (one.check.metric.kind !== 'freshness') one.measure = Number(found)
    else if (typeof found === 'number') one.measure = (now.getTime() - found) / 1000
    else one.cannot = 'the column holds no time.'
  }
}

function missingName(column: TableColumn): string {
  return `missing ${column.name}`
}

function scanned(table: Table, one: Measured): string | undefined {
  const { dialect } = table.engine
  if (one.cannot !== undefined || one.group !== undefined || one.pattern !== undefined) return undefined
  const { kind } = one.check.metric
  if (kind === 'row-count') return 'count(*)'
  if (kind === 'freshness') {
    const [column] = one.columns
    if (column?.type === 'timestamp') return `max(${dialect.epochMilliseconds(column.value)})`
    one.cannot = `the column is ${column?.sqlType}, not a time.`
    return undefined
  }
  return one.where === undefined ? undefined : dialect.countWhere(one.where)
}

/** One query for all checks that count on distinct values: each column is grouped once. */
async function countDistinct(table: Table, all: readonly Measured[]): Promise<void> {
  const groups = Map.groupBy(
    all.flatMap((one, index) => (one.group && one.cannot === undefined ? [{ one, index, group: one.group }] : [])),
    ({ group, one }) => `${one.where === undefined} ${group.map((column) => column.raw).join(', ')}`,
  )
  if (groups.size === 0) return
  const parts = [...groups.values()].map((members) => {
    const [{ group, one }] = members as [(typeof members)[number]]
    const counts = members.map((member) => `${countOfGroups(member.one)} AS c${member.index}`)
    for (const member of members)
      member.one.sql = `SELECT ${countOfGroups(member.one)} FROM ${grouped(table, group, one, table.shown)}`
    return `(SELECT ${counts.join(', ')} FROM ${grouped(table, group, one, table.relation)})`
  })
  const [row = {}] = await table.engine.query(`SELECT * FROM ${parts.join(' CROSS JOIN ')}`)
  for (const { one, index } of [...groups.values()].flat()) one.measure = Number(row[`c${index}`])
}

/** Duplicates are the rows beyond the first of each value. */
function countOfGroups(one: Measured): string {
  return one.where === undefined ? 'coalesce(sum(n - 1), 0)' : `coalesce(sum(n) FILTER (WHERE ${one.where}), 0)`
}

/** Rows without a value duplicate nothing, as SQL's UNIQUE has it. */
function grouped(table: Table, group: readonly TableColumn[], one: Measured, relation: string): string {
  const keys = group.map((column) => (one.where === undefined ? column.value : column.raw))
  const names = group.map((column) => column.raw)
  const list = keys.map((key, index) => `${key} AS ${names[index]}`).join(', ')
  const present = group.map((column) => `NOT ${isMissing(table.engine, column)} AND ${column.value} IS NOT NULL`)
  const where = one.where === undefined ? ` WHERE ${present.join(' AND ')}` : ''
  return `(SELECT ${list}, count(*) AS n FROM ${relation}${where} GROUP BY ${keys.map((_key, i) => i + 1).join(', ')})`
}

/** Matches a pattern that only JavaScript reads, on the column's distinct values. */
async function matchPattern(table: Table, one: Measured, pattern: RegExp): Promise<void> {
  const [column] = one.columns
  if (column === undefined || one.cannot !== undefined) return
  const { engine } = table
  const text = engine.dialect.asText(column.raw)
  const bad = one.where === undefined ? 'FALSE' : `coalesce(bool_or(${one.where}), FALSE)`
  const query = (relation: string): string =>
    `SELECT ${text} AS v, count(*) AS n, ${bad} AS bad FROM ${relation} WHERE NOT ${isMissing(engine, column)} GROUP BY v`
  const failing = (await engine.query(query(table.relation))).filter(
    (row) => row.bad === true || !pattern.test(String(row.v)),
  )
  const values = failing.slice(0, 1000).map((row) => engine.dialect.text(String(row.v)))
  one.measure = failing.reduce((sum, row) => sum + Number(row.n), 0)
  one.sql = query(table.shown)
  one.note = 'The values were matched by JavaScript, because the pattern is not one that SQL reads alike.'
  Object.assign(one, { where: values.length > 0 ? `${text} IN (${values.join(', ')})` : undefined })
}

async function runQueries(table: Table, all: readonly Measured[]): Promise<void> {
  await table.engine.confine(table.source.files)
  for (const one of all) {
    const { metric } = one.check
    if (metric.kind !== 'sql' || one.cannot !== undefined) continue
    one.sql = filled(metric.query, table.shown, one.columns)
    try {
      one.measure = answerOf(await table.engine.queryForeign(filled(metric.query, table.relation, one.columns)))
      if (one.measure === undefined) one.cannot = 'the query answers with no single number or truth value.'
    } catch (error) {
      one.cannot = messageOf(error)
    }
  }
}

/** `{object}` and `{property}`, also written `${table}` and `${column}`, stand for the table and the column. */
function filled(query: string, relation: string, columns: readonly TableColumn[]): string {
  return query
    .trim()
    .replace(/;$/, '')
    .replace(/\$?\{(?:object|table)\}/g, () => relation)
    .replace(/\$?\{(?:property|column)\}/g, () => columns[0]?.raw ?? 'NULL')
}

function answerOf(rows: readonly Readonly<Record<string, unknown>>[]): number | undefined {
  const values = rows.flatMap((row) => Object.values(row))
  const [value] = values
  if (values.length !== 1 || (typeof value !== 'number' && typeof value !== 'boolean')) return undefined
  return Number.isFinite(Number(value)) ? Number(value) : undefined
}

function observedOf(table: Table, one: Measured): number | null {
  if (one.measure === undefined) return null
  return one.check.unit === 'percent' ? (100 * one.measure) / table.rows : one.measure
}

function statusOf(table: Table, one: Measured): Status {
  const observed = observedOf(table, one)
  if (one.columns.length === 0 && one.check.columns.length > 0) return 'inconclusive'
  if (one.cannot !== undefined || observed === null || Number.isNaN(observed)) return 'error'
  if (meets(observed, one.check.operator, one.check.values)) return 'pass'
  return one.check.severity === 'error' ? 'fail' : 'warn'
}

function resultOf(table: Table, one: Measured, samples: Check['samples']): Check {
  const { check } = one
  const observed = observedOf(table, one)
  const isOnBound = check.operator.includes('between') && observed !== null && check.values.includes(observed)
  const note = one.cannot ?? (isOnBound ? 'The value lies on a bound; bounds belong to the range.' : one.note)
  const countsRows = isRowMetric(check.metric) || check.metric.kind === 'duplicate-values'
  return {
    id: check.id,
    name: check.name,
    columns: [...check.columns],
    status: statusOf(table, one),
    severity: check.severity,
    rows: table.rows,
    missing: one.missing ?? null,
    unexpected: countsRows ? (one.measure ?? null) : null,
    observed,
    expected: expectation(check),
    samples,
    sql: one.sql,
    location: { ...check.location },
    ...(note !== undefined && { note }),
  }
}
