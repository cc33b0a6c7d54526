import type { Check } from '@headgate/core'
import type { Value } from '../port.ts'
import type { Table } from '../table.ts'
import { isMissing } from '../table.ts'
import type { CheckOptions, Measured } from './run.ts'

type Samples = Check['samples']

/**
 * Locates the first rows that fail each check, by position and key: one scan for all checks of rows, one query for
 * each that counts duplicates, and one for the keys and, only on request, the values.
 */
export async function locateRows(
  table: Table,
  failing: readonly Measured[],
  primaryKey: readonly string[],
  options: CheckOptions,
): Promise<ReadonlyMap<Measured, Samples>> {
  const limit = options.sampleFailures
  const found = new Map<Measured, readonly number[]>()
  const wanted = failing.filter((one) => limit > 0 && (one.measure ?? 0) > 0 && one.cannot === undefined)
  await findByPredicate(table, wanted, limit, found)
  for (const one of wanted) {
    if (one.check.metric.kind !== 'duplicate-values') continue
    const rows = await table.engine.query(duplicateRows(table, one, limit))
    found.set(
      one,
      rows.map((row) => Number(row.position)),
    )
  }
  const rows = await readRows(table, new Set([...found.values()].flat()), primaryKey, found, options)
  return new Map(
    [...found].map(([one, positions]) => [one, positions.map((at) => sampleOf(one, at, rows, primaryKey, options))]),
  )
}

/** The table with the position of each row, under a name that no column has. */
function numbered(table: Table): { relation: string; position: string } {
  let name = 'headgate_position'
  while (table.columns.some((column) => column.name.toLowerCase() === name)) name = `${name}_`
  return { relation: `(SELECT *, row_number() OVER () - 1 AS ${name} FROM ${table.relation})`, position: name }
}

async function findByPredicate(
  table: Table,
  wanted: readonly Measured[],
  limit: number,
  found: Map<Measured, readonly number[]>,
): Promise<void> {
  const { relation, position } = numbered(table)
  const { dialect } = table.engine
  const located = wanted.flatMap((one) => (one.where === undefined ? [] : [{ one, where: one.where }]))
  if (located.length === 0) return
  const lists = located.map(({ where }, index) => `${dialect.smallest(position, limit, where)} AS c${index}`)
  const [row = {}] = await table.engine.query(`SELECT ${lists.join(', ')} FROM ${relation}`)
  for (const [index, { one }] of located.entries()) {
    const list = row[`c${index}`]
    found.set(one, Array.isArray(list) ? list.map(Number) : [])
  }
}

function duplicateRows(table: Table, one: Measured, limit: number): string {
  const { relation, position } = numbered(table)
  const group = one.group ?? []
  const present = group.map((column) => `NOT ${isMissing(table.engine, column)} AND ${column.value} IS NOT NULL`)
  const keys = group.map((column) => column.value).join(', ')
  const ranked = `SELECT ${position} AS position, row_number() OVER (PARTITION BY ${keys} ORDER BY ${position}) AS nth FROM ${relation} WHERE ${present.join(' AND ')}`
  return `SELECT position FROM (${ranked}) WHERE nth > 1 ORDER BY position LIMIT ${limit}`
}

async function readRows(
  table: Table,
  positions: ReadonlySet<number>,
  primaryKey: readonly string[],
  found: ReadonlyMap<Measured, unknown>,
  options: CheckOptions,
): Promise<ReadonlyMap<number, Readonly<Record<string, Value>>>> {
  const shown = options.showValues ? [...found.keys()].flatMap((one) => one.check.columns) : []
  const names = new Set([...primaryKey, ...shown])
  const columns = table.columns.filter((column) => names.has(column.name))
  if (positions.size === 0 || columns.length === 0) return new Map()
  const { relation, position } = numbered(table)
  const list = columns.map((column) => column.raw).join(', ')
  const rows = await table.engine.query(
    `SELECT ${position}, ${list} FROM ${relation} WHERE ${position} IN (${[...positions].join(', ')})`,
  )
  return new Map(rows.map((row) => [Number(row[position]), row as Readonly<Record<string, Value>>]))
}

function sampleOf(
  one: Measured,
  at: number,
  rows: ReadonlyMap<number, Readonly<Record<string, Value>>>,
  primaryKey: readonly string[],
  options: CheckOptions,
): Samples[number] {
  const row = rows.get(at)
  const key = Object.fromEntries(primaryKey.map((name) => [name, written(row?.[name])]))
  const values = one.check.columns.map((name) => written(row?.[name]))
  return {
    row: at,
    ...(row !== undefined && primaryKey.length > 0 && { key }),
    ...(options.showValues && { value: values.length === 1 ? values[0] : values }),
  }
}

/** What JSON cannot hold is written as text. */
function written(value: Value | undefined): Value {
  return typeof value === 'number' && !Number.isFinite(value) ? String(value) : (value ?? null)
}
