import type { Problem } from '@headgate/core'
import { nearest } from '@headgate/core'
import type { Evidence } from './evidence.ts'
import { missingValue } from './evidence.ts'
import type { GateRule } from './policy.ts'

/** All rows, or those with one value in a column. */
export interface Slice {
  /** `null` for all rows. */
  readonly name: string | null
  /** Places in the evidence; `null` for all rows. */
  readonly rows: Int32Array | null
  readonly size: number
}

/** The column of `column=value`, or of a column alone. */
function sliceColumn(slice: string): string {
  const at = slice.indexOf('=')
  return at < 0 ? slice : slice.slice(0, at)
}

/** The columns that the rules and `slices` cut by. */
export function sliceColumns(rules: readonly GateRule[], asked: readonly string[]): string[] {
  const ofRules = rules.flatMap((rule) => (rule.slice === undefined ? [] : [sliceColumn(rule.slice)]))
  return [...new Set([...ofRules, ...asked])]
}

export interface Slices {
  readonly all: Slice
  /** A slice per value of a column, sorted by value. */
  of(column: string): readonly Slice[]
  /** The slice of `column=value`, empty when no row has the value, or the slices of a column. */
  find(slice: string | undefined): readonly Slice[]
}

export function cutSlices(evidence: Evidence): Slices {
  const all: Slice = { name: null, rows: null, size: evidence.rows }
  const cut = new Map([...evidence.slices].map(([column, values]) => [column, slicesOf(column, values)]))
  const of = (column: string): readonly Slice[] => cut.get(column) ?? []
  return {
    all,
    of,
    find: (slice) => {
      if (slice === undefined) return [all]
      if (!slice.includes('=')) return of(slice)
      const found = of(sliceColumn(slice)).find(({ name }) => name === slice)
      return [found ?? { name: slice, rows: new Int32Array(), size: 0 }]
    },
  }
}

function slicesOf(column: string, values: readonly string[]): Slice[] {
  const rows = new Map<string, number[]>()
  values.forEach((value, row) => {
    const places = rows.get(value)
    if (places) places.push(row)
    else rows.set(value, [row])
  })
  return [...rows]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([value, places]) => ({ name: `${column}=${value}`, rows: Int32Array.from(places), size: places.length }))
}

const mostValues = 100

/** Columns that have too many values to be judged one by one. */
export function sliceProblems(evidence: Evidence, file: string): Problem[] {
  return [...evidence.slices].flatMap(([column, values]) => {
    const count = new Set(values).size
    if (count <= mostValues) return []
    const what = `the slice column ${column} has ${count} values; at most ${mostValues} are judged.`
    return [{ what, where: { file }, fix: 'Group its values in a column of their own.' }]
  })
}

/** What a slice without rows may have been meant to be. */
export function nearestSlice(slice: string, slices: Slices): string | undefined {
  const names = slices.of(sliceColumn(slice)).flatMap(({ name }) => (name === null ? [] : [name]))
  return nearest(
    slice,
    names.filter((name) => !name.endsWith(missingValue)),
  )
}

/** The rows of a slice out of an array with one value, or several, per row. */
export function take(values: Float64Array, slice: Slice, all: number): Float64Array {
  const { rows } = slice
  if (rows === null) return values
  const each = values.length / all
  return Float64Array.from({ length: rows.length * each }, (_, at) => {
    const row = rows[Math.floor(at / each)] ?? 0
    return values[row * each + (at % each)] ?? 0
  })
}
