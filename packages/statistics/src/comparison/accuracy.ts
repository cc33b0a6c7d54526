import type { RelativeBounds } from './bounds.ts'
import { type Cell, countRows } from './cells.ts'
import { type Inference, noDifference } from './inference.ts'
import { exactProportion, mcnemarExact, type PairedRows, pairedBounds } from './proportion.ts'

/** Accuracy needs no resampling: it is a proportion of rows, and its difference one of two paired proportions. */
export function inferAccuracy(cells: readonly Cell[], paired: boolean): Inference {
  const rows = pairedRows(cells)
  const total = rows.both + rows.gained + rows.lost + rows.neither
  const candidate = exactProportion((rows.both + rows.gained) / total, total)
  const alone = { candidate, candidateMethod: 'exact binomial', reason: null }
  if (!paired) return { ...alone, ...noDifference }
  // An accuracy is never negative: its absolute value is itself.
  const relative: RelativeBounds = (share) => pairedBounds(rows, 1 + share)
  return {
    ...alone,
    baseline: exactProportion((rows.both + rows.lost) / total, total),
    difference: relative(0),
    relative,
    pValue: mcnemarExact(rows),
    method: 'McNemar exact, Tango score interval',
  }
}

function pairedRows(cells: readonly Cell[]): PairedRows {
  const count = (isRight: boolean, wasRight: boolean) =>
    countRows(cells, (cell) => {
      return (cell.candidate === cell.truth) === isRight && (cell.baseline === cell.truth) === wasRight
    })
  return { both: count(true, true), gained: count(true, false), lost: count(false, true), neither: count(false, false) }
}
