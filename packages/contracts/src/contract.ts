import type { Problem } from '@headgate/core'

/** A line in the contract's file, counted from 1. */
export interface Location {
  readonly file: string
  readonly line: number
}

/** The logical types of a contract's columns. */
export const logicalTypes = [
  'string',
  'date',
  'timestamp',
  'time',
  'number',
  'integer',
  'object',
  'array',
  'boolean',
] as const
export type LogicalType = (typeof logicalTypes)[number]

/** A value as a contract can write it. */
export type Scalar = string | number | boolean | null

/** Limits that a value may touch (`minimum`, `maximum`) or may not (`above`, `below`). */
export interface Range {
  readonly minimum?: number | string
  readonly maximum?: number | string
  readonly above?: number | string
  readonly below?: number | string
}

/** What a check measures. Each is a count of rows, but `row-count` (all rows), `sql` and `freshness` (seconds). */
export type Metric =
  | { readonly kind: 'logical-type'; readonly type: LogicalType }
  | { readonly kind: 'physical-type'; readonly type: string }
  | { readonly kind: 'null-values' }
  | { readonly kind: 'missing-values'; readonly values: readonly Scalar[] }
  | { readonly kind: 'invalid-values'; readonly valid?: readonly Scalar[]; readonly pattern?: string }
  | { readonly kind: 'out-of-range'; readonly range: Range }
  | { readonly kind: 'length'; readonly minimum?: number; readonly maximum?: number }
  | { readonly kind: 'not-multiple'; readonly of: number }
  | { readonly kind: 'duplicate-values' }
  | { readonly kind: 'row-count' }
  /** `{object}` and `{property}` in the query stand for the table and the column. */
  | { readonly kind: 'sql'; readonly query: string }
  | { readonly kind: 'freshness' }

/** The comparisons that a measure is held to; both ends of `between` belong to it. */
export const operators = ['=', '!=', '>', '>=', '<', '<=', 'between', 'not between'] as const
export type Operator = (typeof operators)[number]

export interface ContractCheck {
  /** The contract's own, or one made of the column and what is checked; unique in its contract. */
  readonly id: string
  /** What the contract's format calls it. */
  readonly name: string
  readonly level: 'column' | 'table'
  readonly columns: readonly string[]
  readonly metric: Metric
  readonly operator: Operator
  /** One number, or two for `between` and `not between`. */
  readonly values: readonly number[]
  readonly unit: 'rows' | 'percent'
  readonly severity: 'error' | 'warning'
  readonly location: Location
  readonly description?: string | undefined
}

export interface ContractColumn {
  /** Its name in the data. */
  readonly name: string
  readonly logicalType?: LogicalType | undefined
  readonly required: boolean
  readonly location: Location
}

/** A contract for one table, whatever format it was written in. */
export interface Contract {
  readonly format: 'odcs'
  /** The version of the format. */
  readonly version: string
  /** The table that it describes. */
  readonly name: string
  readonly columns: readonly ContractColumn[]
  /** The columns that identify a row, in the key's order. */
  readonly primaryKey: readonly string[]
  readonly checks: readonly ContractCheck[]
  /** What the contract says that cannot be checked on data, such as text rules. */
  readonly notes: readonly Problem[]
}

/** `= 0 rows`, `between 1 and 5 percent`. */
export function expectation(check: Pick<ContractCheck, 'operator' | 'values' | 'unit' | 'metric'>): string {
  const unit = check.metric.kind === 'sql' ? '' : check.metric.kind === 'freshness' ? ' s' : ` ${check.unit}`
  return `${check.operator} ${check.values.join(' and ')}${unit}`
}

/** Whether a measure meets what the contract asks of it. */
export function meets(measure: number, operator: Operator, values: readonly number[]): boolean {
  const [first = Number.NaN, second = Number.NaN] = values
  switch (operator) {
    case '=':
      return measure === first
    case '!=':
      return measure !== first
    case '>':
      return measure > first
    case '>=':
      return measure >= first
    case '<':
      return measure < first
    case '<=':
      return measure <= first
    case 'between':
      return measure >= first && measure <= second
    case 'not between':
      return measure < first || measure > second
  }
}
