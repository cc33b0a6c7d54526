import type { Table } from './table.ts'
import { columnNamed, isMissing } from './table.ts'

/** All values of a numeric column in the source's order, without the missing ones. */
export interface NumericColumn {
  readonly values: Float64Array
  readonly rows: number
  readonly nulls: number
  readonly nan: number
}

/**
 * Loads a column as numbers: ±inf kept, booleans 0 and 1, timestamps in milliseconds since 1970.
 * @throws UserError when the column is missing, or a text that is not read as a number.
 */
export async function numericColumn(table: Table, name: string): Promise<NumericColumn> {
  const { engine, relation } = table
  const { dialect } = engine
  const column = columnNamed(table, name)
  const number = column.type === 'timestamp' ? dialect.epochMilliseconds(column.value) : column.value
  const isFloat = column.type === 'float'
  const nan = isFloat ? dialect.countWhere(dialect.isNan(column.value)) : '0'
  const [counts] = await engine.query(
    `SELECT ${dialect.countWhere(`${column.value} IS NULL`)} AS nulls, ${nan} AS nan FROM ${relation}`,
  )
  const isValue = `${column.value} IS NOT NULL${isFloat ? ` AND NOT ${dialect.isNan(column.value)}` : ''}`
  const values = await engine.doubles(`SELECT ${dialect.asDouble(number)} FROM ${relation} WHERE ${isValue}`)
  return { values, rows: table.rows, nulls: Number(counts?.nulls), nan: Number(counts?.nan) }
}

/** How many rows have neither a value nor, in a column of numbers, a finite one. */
export async function missingCount(table: Table, name: string): Promise<number> {
  const { engine, relation } = table
  const { dialect } = engine
  const { value, type } = columnNamed(table, name)
  const isAbsent = `${value} IS NULL${type === 'float' ? ` OR NOT ${dialect.isFinite(value)}` : ''}`
  const [counts] = await engine.query(`SELECT ${dialect.countWhere(isAbsent)} AS missing FROM ${relation}`)
  return Number(counts?.missing)
}

/** How often each value of a column stands in it, as text, most frequent first. */
export interface CategoryCounts {
  readonly counts: ReadonlyMap<string, number>
  readonly rows: number
  /** Rows without a value, NaN included. */
  readonly nulls: number
}

/** Exact counts; ties are in the order of the text. */
export async function categoryCounts(table: Table, name: string): Promise<CategoryCounts> {
  const { engine, relation } = table
  const column = columnNamed(table, name)
  const rows = await engine.query(
    `SELECT ${engine.dialect.asText(column.value)} AS v, count(*) AS n FROM ${relation} ` +
      `WHERE NOT ${isMissing(engine, column)} AND ${column.value} IS NOT NULL GROUP BY v ORDER BY n DESC, v`,
  )
  const counts = new Map(rows.map((row) => [String(row.v), Number(row.n)]))
  const present = [...counts.values()].reduce((sum, count) => sum + count, 0)
  return { counts, rows: table.rows, nulls: table.rows - present }
}
