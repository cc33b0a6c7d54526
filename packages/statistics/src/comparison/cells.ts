import { type Confusion, type LabelMetric, labelGradient, labelMetric, type Tally } from '../metrics/label.ts'
import type { Random } from '../random.ts'
import type { Range } from './bounds.ts'

export type Side = 'candidate' | 'baseline'

/** Rows of equal truth, candidate's and baseline's prediction. Without a baseline its prediction is the candidate's. */
export interface Cell {
  readonly truth: number
  readonly candidate: number
  readonly baseline: number
  readonly rows: number
}

export interface CellOptions {
  readonly metric: LabelMetric
  readonly classes: number
  readonly positive: number
  readonly range: Range
  readonly seed: number
  readonly resamples?: number
}

export function countCells(
  truth: ArrayLike<number>,
  candidate: ArrayLike<number>,
  baseline: ArrayLike<number>,
  classes: number,
): Cell[] {
  const rows = new Map<number, number>()
  const dense = classes <= 32 ? new Float64Array(classes ** 3) : null
  for (let i = 0; i < truth.length; i++) {
    const key = ((truth[i] ?? 0) * classes + (candidate[i] ?? 0)) * classes + (baseline[i] ?? 0)
    if (dense) dense[key] = (dense[key] ?? 0) + 1
    else rows.set(key, (rows.get(key) ?? 0) + 1)
  }
  const counted = dense ? [...dense.entries()] : [...rows.entries()].sort(([a], [b]) => a - b)
  return counted
    .filter(([, count]) => count > 0)
    .map(([key, count]) => ({
      truth: Math.floor(key / classes / classes),
      candidate: Math.floor(key / classes) % classes,
      baseline: key % classes,
      rows: count,
    }))
}

export function countRows(cells: readonly Cell[], holds: (cell: Cell) => boolean): number {
  return cells.reduce((sum, cell) => sum + (holds(cell) ? cell.rows : 0), 0)
}

/** Unweighted rows: a cell's squared weights sum up to its rows. */
export function tallyOf(cells: readonly Cell[], side: Side, options: CellOptions): Tally {
  const confusion = confusionOf(cells, counts(cells), side, options)
  return { ...confusion, metric: options.metric, squares: confusion.cells }
}

export function counts(cells: readonly Cell[]): Float64Array {
  return Float64Array.from(cells, (cell) => cell.rows)
}

function confusionOf(
  cells: readonly Cell[],
  rows: Float64Array,
  side: Side,
  { classes, positive }: CellOptions,
): Confusion {
  const matrix = new Float64Array(classes * classes)
  const present = new Set<number>()
  cells.forEach((cell, i) => {
    present.add(cell.truth).add(cell[side])
    const at = cell.truth * classes + cell[side]
    matrix[at] = (matrix[at] ?? 0) + (rows[i] ?? 0)
  })
  return { cells: matrix, classes, positive, present: [...present] }
}

function pairOf(cells: readonly Cell[], rows: Float64Array, options: CellOptions) {
  const of = (side: Side) => labelMetric(options.metric, confusionOf(cells, rows, side, options))
  return { candidate: of('candidate'), baseline: of('baseline') }
}

/** ∂ metric / ∂ rows of each cell, proportional to the influence of one row in it. */
export function slopesOf(cells: readonly Cell[], side: Side, options: CellOptions): number[] {
  const gradient = labelGradient(options.metric, confusionOf(cells, counts(cells), side, options))
  return cells.map((cell) => gradient[cell.truth * options.classes + cell[side]] ?? 0)
}

/** Both metrics under multinomial counts with the observed shares: what resampling rows would give, without the rows. */
export function resampleCells(cells: readonly Cell[], resamples: number, random: Random, options: CellOptions) {
  const rows = counts(cells)
  const total = rows.reduce((sum, count) => sum + count, 0)
  const replicates = { candidate: new Float64Array(resamples), baseline: new Float64Array(resamples) }
  const drawn = new Float64Array(rows.length)
  for (let r = 0; r < resamples; r++) {
    let [left, share] = [total, total]
    rows.forEach((count, i) => {
      const taken = random.binomial(left, count / share)
      drawn[i] = taken
      left -= taken
      share -= count
    })
    const pair = pairOf(cells, drawn, options)
    replicates.candidate[r] = pair.candidate
    replicates.baseline[r] = pair.baseline
  }
  return replicates
}
