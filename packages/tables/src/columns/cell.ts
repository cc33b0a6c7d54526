import type { Lines } from './lines.ts'

/** A value as its file has it. CSV knows text and null only; what has no simple form is its JSON. */
export type Cell = string | number | boolean | bigint | Date | null

/** A table by columns, in the order of the file. Every column has `rows` cells. */
export interface ColumnTable {
  readonly rows: number
  readonly columns: ReadonlyMap<string, readonly Cell[]>
  /** Absent where the format has no lines. */
  readonly lines?: Lines | undefined
}

/** Which columns are read: all that are named must be there, of the optional ones those that are. */
export interface Wanted {
  readonly columns: readonly string[]
  readonly optional: readonly string[]
}

/** Reads the wanted columns, or all of them. */
export type Reader = (path: string, wanted: Wanted | undefined) => Promise<ColumnTable>

/** A parsed value as a cell: nested values as JSON, undefined as null. */
export function cellOf(value: unknown): Cell {
  if (value === null || value === undefined) return null
  if (typeof value === 'string' || typeof value === 'number') return value
  if (typeof value === 'boolean' || typeof value === 'bigint' || value instanceof Date) return value
  return JSON.stringify(value, (_key, part: unknown) => (typeof part === 'bigint' ? String(part) : part))
}

/** The same text for the same value, whatever the file's format: 1, 1n and 1.0 are `1`, times are ISO 8601 in UTC. */
export function cellText(cell: Exclude<Cell, null>): string {
  return cell instanceof Date ? cell.toISOString() : String(cell)
}
