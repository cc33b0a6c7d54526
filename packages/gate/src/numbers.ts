import type { Problem } from '@headgate/core'
import type { Cell, RowPlace } from '@headgate/tables/columns'

/** Where a row is in its file; rows count from 0. */
export type PlaceOfRow = (row: number) => RowPlace

/**
 * A column as finite numbers.
 * @param cells in the order of their file; those that are no numbers become one problem, with the first of them as
 *   example.
 */
export function numbersOf(
  cells: readonly Cell[],
  column: string,
  placeOf: PlaceOfRow,
  problems: Problem[],
): Float64Array {
  let strange = 0
  let first = 0
  const numbers = Float64Array.from(cells, (cell, row) => {
    const number = numberOf(cell)
    if (Number.isFinite(number)) return number
    if (strange === 0) first = row
    strange += 1
    return 0
  })
  if (strange > 0) {
    const example = cells[first] ?? null
    const shown = example === null ? 'missing' : JSON.stringify(String(example))
    const { where, note } = placeOf(first)
    const what =
      strange === 1
        ? `a value of ${column} is no finite number, but ${shown}.`
        : `${strange} values of ${column} are no finite numbers; the first is ${shown}.`
    problems.push({ what: what + note, where })
  }
  return numbers
}

function numberOf(cell: Cell): number {
  if (cell === null || cell instanceof Date) return Number.NaN
  if (typeof cell === 'string' && cell.trim() === '') return Number.NaN
  return Number(cell)
}
