import {
  type Confusion,
  type LabelMetric,
  labelGradient,
  labelMetric,
  type Tally,
  unseenLabels,
} from '../metrics/label.ts'
import { createRandom, type Random } from '../random.ts'
import { accelerationOf, bcaBounds, isConstant, sortReplicates } from './bootstrap.ts'
import {
  type Bounded,
  type Bounds,
  contrastBounds,
  guarded,
  pValueEqual,
  type Range,
  type RelativeBounds,
} from './bounds.ts'
import { closedForm } from './closed-form.ts'
import { type DifferenceLimit, limitOf, relativeByReplicates, type Spread } from './difference.ts'
import { type Inference, noDifference } from './inference.ts'
import { lackOfRows } from './minimum.ts'
import { type Discordance, exactProportion, mcnemarExact, tangoBounds } from './proportion.ts'

/** Rows of equal truth, candidate's and baseline's prediction. Without a baseline its prediction is the candidate's. */
interface Cell {
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

/** Bounds of a label metric of unweighted rows: closed forms where there are, else a multinomial bootstrap of cells. */
export function inferLabels(
  truth: ArrayLike<number>,
  candidate: ArrayLike<number>,
  baseline: ArrayLike<number> | null,
  options: CellOptions,
): Inference {
  const cells = countCells(truth, candidate, baseline ?? candidate, options.classes)
  if (options.metric === 'accuracy') return inferAccuracy(cells, baseline !== null)
  return inferByBootstrap(cells, baseline !== null, options)
}

function countCells(
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

function countRows(cells: readonly Cell[], holds: (cell: Cell) => boolean): number {
  return cells.reduce((sum, cell) => sum + (holds(cell) ? cell.rows : 0), 0)
}

function inferAccuracy(cells: readonly Cell[], paired: boolean): Inference {
  const rows = countRows(cells, () => true)
  const right = (side: Side) => (cell: Cell) => cell[side] === cell.truth
  const [isRight, wasRight] = [right('candidate'), right('baseline')]
  const correct = countRows(cells, isRight)
  const single = exactProportion(correct / rows, rows)
  const alone = { candidate: single, candidateMethod: 'exact binomial', reason: null }
  if (!paired) return { ...alone, ...noDifference }
  const discordance = {
    rows,
    gained: countRows(cells, (cell) => isRight(cell) && !wasRight(cell)),
    lost: countRows(cells, (cell) => !isRight(cell) && wasRight(cell)),
  }
  const baseline = exactProportion(countRows(cells, wasRight) / rows, rows)
  const difference = tangoBounds(discordance)
  const relative: RelativeBounds = (share) =>
    share === 0 ? difference : relativeAccuracy(discordance, correct, { candidate: single, baseline }, share)
  const method = 'McNemar exact, Tango score interval'
  return { ...alone, baseline, difference, relative, pValue: mcnemarExact(discordance), method }
}

/** @param correct rows that the candidate has right. */
function relativeAccuracy(
  { rows, gained, lost }: Discordance,
  correct: number,
  bounds: Readonly<Record<Side, Bounds>>,
  share: number,
): Bounds {
  const [value, base] = [correct / rows, (correct - gained + lost) / rows]
  const covariance = (correct - gained) / rows - value * base
  const variance = value * (1 - value) * base * (1 - base)
  const correlation = variance === 0 ? 0 : covariance / Math.sqrt(variance)
  const scale = 1 + share
  return contrastBounds(
    { value, bounds: bounds.candidate },
    { value: base, bounds: bounds.baseline },
    scale,
    correlation,
  )
}

function inferByBootstrap(cells: readonly Cell[], paired: boolean, options: CellOptions): Inference {
  const [ofCandidate, ofBaseline] = [tallyOf(cells, 'candidate', options), tallyOf(cells, 'baseline', options)]
  const closed = closedForm(ofCandidate)
  const rows = countRows(cells, () => true)
  const reason = lackOfRows(rows, rows)
  const alone = { candidate: closed?.bounds ?? null, candidateMethod: closed?.method ?? '', ...noDifference }
  if (closed && !paired) return { ...alone, reason: null }
  if (reason) return { ...alone, baseline: paired ? (closedForm(ofBaseline)?.bounds ?? null) : null, reason }
  return inferByResamples(cells, paired, options)
}

function inferByResamples(cells: readonly Cell[], paired: boolean, options: CellOptions): Inference {
  const resamples = options.resamples ?? (cells.length <= 200 ? 9999 : 1999)
  const replicates = resampleCells(cells, resamples, createRandom(options.seed), options)
  const detail = `multinomial bootstrap (${resamples}, seed ${options.seed})`
  const candidate = boundOne(cells, 'candidate', replicates.candidate, options, detail)
  const reason = candidate.bounds ? null : 'the metric is undefined in too many resamples'
  const single = { candidate: candidate.bounds, candidateMethod: candidate.method, reason }
  if (!paired) return { ...single, ...noDifference }
  const relative = relativeByReplicates(replicates.candidate, replicates.baseline, differenceLimit(cells, options))
  const difference = relative(0)
  return {
    ...single,
    baseline: boundOne(cells, 'baseline', replicates.baseline, options, detail).bounds,
    difference,
    relative,
    pValue: difference && pValueEqual(difference, 0),
    method: `paired percentile ${detail}`,
  }
}

/** The delta method, and what the rows cannot show. */
function differenceLimit(cells: readonly Cell[], options: CellOptions): DifferenceLimit {
  const bounded = (side: Side): Bounded => {
    const tally = tallyOf(cells, side, options)
    return { value: labelMetric(tally.metric, tally), bounds: unseenBounds(tally) }
  }
  const [a, b] = [slopesOf(cells, 'candidate', options), slopesOf(cells, 'baseline', options)]
  const rows = counts(cells)
  const spread = (scale: number): Spread => {
    const slopes = a.map((slope, i) => slope - scale * (b[i] ?? 0))
    const variance = slopes.reduce((sum, slope, i) => sum + (rows[i] ?? 0) * slope ** 2, 0)
    return { error: Math.sqrt(variance), skewness: accelerationOf(slopes, rows) }
  }
  return limitOf(bounded('candidate'), bounded('baseline'), spread, options.range)
}

type Side = 'candidate' | 'baseline'

function boundOne(cells: readonly Cell[], side: Side, replicates: Float64Array, options: CellOptions, detail: string) {
  const tally = tallyOf(cells, side, options)
  const closed = closedForm(tally)
  if (closed) return closed
  const ascending = sortReplicates(replicates)
  return { bounds: ascending && boundByResamples(tally, ascending, cells, side, options), method: `BCa ${detail}` }
}

function boundByResamples(
  tally: Tally,
  ascending: Float64Array,
  cells: readonly Cell[],
  side: Side,
  options: CellOptions,
): Bounds {
  const unseen = unseenBounds(tally)
  const estimate = labelMetric(tally.metric, tally)
  if (isConstant(ascending, Math.abs(estimate))) return unseen
  const acceleration = accelerationOf(slopesOf(cells, side, options), counts(cells))
  return guarded(bcaBounds(estimate, ascending, acceleration, options.range), unseen, options.range)
}

function unseenBounds(tally: Tally): Bounds {
  const ends = unseenLabels(tally)
  return { lower: (alpha) => ends(alpha)[0], upper: (alpha) => ends(alpha)[1] }
}

/** Unweighted rows: a cell's squared weights sum up to its rows. */
function tallyOf(cells: readonly Cell[], side: Side, options: CellOptions): Tally {
  const confusion = confusionOf(cells, counts(cells), side, options)
  return { ...confusion, metric: options.metric, squares: confusion.cells }
}

function counts(cells: readonly Cell[]): Float64Array {
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
function slopesOf(cells: readonly Cell[], side: Side, options: CellOptions): number[] {
  const gradient = labelGradient(options.metric, confusionOf(cells, counts(cells), side, options))
  return cells.map((cell) => gradient[cell.truth * options.classes + cell[side]] ?? 0)
}

/** Both metrics under multinomial counts with the observed shares: what resampling rows would give, without the rows. */
function resampleCells(cells: readonly Cell[], resamples: number, random: Random, options: CellOptions) {
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
