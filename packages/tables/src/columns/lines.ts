import type { Place } from '@headgate/core'
import type { ColumnTable } from './cell.ts'

/** On which line of its file a row begins. Rows count from 0, lines from 1. */
export interface Lines {
  of(row: number): number
}

/** Keeps the lines of rows that are told in their order; only where a row is not one line after the last costs memory. */
export function gatherLines(): Lines & { add(line: number): void } {
  const rows: number[] = []
  const lines: number[] = []
  let count = 0
  let last = Number.NaN
  return {
    add: (line) => {
      if (line !== last + 1) {
        rows.push(count)
        lines.push(line)
      }
      last = line
      count += 1
    },
    of: (row) => {
      const at = lastAtMost(rows, row)
      return (lines[at] ?? Number.NaN) + row - (rows[at] ?? 0)
    },
  }
}

/** The place of the last of these ascending numbers that is not above a bound. */
function lastAtMost(numbers: readonly number[], bound: number): number {
  let [low, high] = [0, numbers.length - 1]
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if ((numbers[middle] ?? Number.POSITIVE_INFINITY) <= bound) low = middle
    else high = middle - 1
  }
  return low
}

/** Where a row is, for a sentence about rows of which it is the first. */
export interface RowPlace {
  readonly where: Place
  /** Follows the sentence: names the row in a file that has no lines, and is empty in others. */
  readonly note: string
}

/** The place of a row in its file. */
export function rowPlace(file: string, { lines }: Pick<ColumnTable, 'lines'>, row: number): RowPlace {
  if (lines === undefined) return { where: { file }, note: ` The first is in row ${row + 1}.` }
  return { where: { file, line: lines.of(row) }, note: '' }
}
