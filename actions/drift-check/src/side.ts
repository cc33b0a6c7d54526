import type { ColumnProfile, Digest, Profile } from '@headgate/core'
import type { CategoryCounts } from '@headgate/statistics'
import { countValues } from '@headgate/statistics'
import type { Table, TableColumn } from '@headgate/tables'
import { categoryCounts, missingCount, numericColumn } from '@headgate/tables'

/** What both sides are compared by: kinds of values, rather than how a source stores them. */
type Family = 'number' | 'boolean' | 'text' | 'time' | 'other'

/** A column's values, read from data. */
export interface Values {
  /** Rows with a value that counts. */
  readonly present: number
  /** Finite values of a numeric column. */
  readonly numbers: Float64Array | undefined
  /** Distinct values by rows; for numeric columns worked out when asked for. */
  readonly counts: () => CategoryCounts
}

/** One side of the comparison: data, or what was kept of it. */
export type Side =
  | { readonly kind: 'data'; readonly table: Table; readonly digest: Digest }
  | { readonly kind: 'profile'; readonly profile: Profile; readonly source: string; readonly digest: Digest }

const families: Readonly<Record<TableColumn['type'], Family>> = {
  integer: 'number',
  float: 'number',
  boolean: 'boolean',
  string: 'text',
  timestamp: 'time',
  other: 'other',
}

/** A column as it is declared. */
export interface Declared {
  readonly name: string
  readonly type: TableColumn['type']
  readonly family: Family
  readonly profile?: ColumnProfile | undefined
}

export function columnsOf(side: Side): Declared[] {
  if (side.kind === 'data') return side.table.columns.map(({ name, type }) => ({ name, type, family: families[type] }))
  return side.profile.columns.map((profile) => {
    const { column: name, type } = profile
    return { name, type, family: families[type], profile }
  })
}

/** The share of rows with neither a value nor a finite number; `null` where there are no rows. */
export async function missingShareOf(side: Side, { name, profile }: Declared): Promise<number | null> {
  if (side.kind === 'data') {
    const { rows } = side.table
    return rows === 0 ? null : (await missingCount(side.table, name)) / rows
  }
  if (profile === undefined || profile.rows === 0) return null
  return (profile.nulls + profile.nan + profile.infinite) / profile.rows
}

/** Reads a column of numbers as numbers, any other as counts of its values. */
export async function readValues(table: Table, column: Declared): Promise<Values> {
  if (column.family === 'number') {
    const { values } = await numericColumn(table, column.name)
    const numbers = values.filter(Number.isFinite)
    return { present: numbers.length, numbers, counts: () => countValues(numbers) }
  }
  const { counts, rows, nulls } = await categoryCounts(table, column.name)
  return { present: rows - nulls, numbers: undefined, counts: () => counts }
}

/** How many distinct values there are, counted up to one more than `limit`. */
export function distinctUpTo(limit: number, ...samples: readonly Float64Array[]): number {
  const seen = new Set<number>()
  for (const sample of samples) {
    for (const value of sample) {
      seen.add(value)
      if (seen.size > limit) return seen.size
    }
  }
  return seen.size
}
