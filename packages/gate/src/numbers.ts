import type { Problem } from '@headgate/core'
import type { Cell } from '@headgate/tables/columns'

/** A column as finite numbers. Cells that are none become one problem, with the first of them as example. */
export function numbersOf(cells: readonly Cell[], column: string, file: string, problems: Problem[]): Float64Array {
  let strange = 0
  let example: Cell = null
  const numbers = Float64Array.from(cells, (cell) => {
    const number = numberOf(cell)
    if (Number.isFinite(number)) return number
    if (strange === 0) example = cell
    strange += 1
    return 0
  })
  if (strange > 0) {
    const shown = example === null ? 'missing' : JSON.stringify(String(example))
    problems.push({
      what: `${strange} values of ${column} are no finite numbers; the first is ${shown}.`,
      where: { file },
    })
  }
  return numbers
}

function numberOf(cell: Cell): number {
  if (cell === null || cell instanceof Date) return Number.NaN
  if (typeof cell === 'string' && cell.trim() === '') return Number.NaN
  return Number(cell)
}
