import { labelMetric, type Tally, unseenLabels } from '../metrics/label.ts'
import { createRandom } from '../random.ts'
import { inferAccuracy } from './accuracy.ts'
import { accelerationOf, bcaBounds, isConstant, sortReplicates } from './bootstrap.ts'
import { type Bounded, type Bounds, guarded, pValueEqual } from './bounds.ts'
import {
  type Cell,
  type CellOptions,
  countCells,
  countRows,
  counts,
  resampleCells,
  type Side,
  slopesOf,
  tallyOf,
} from './cells.ts'
import { closedForm } from './closed-form.ts'
import { type DifferenceLimit, limitOf, relativeByReplicates, type Spread } from './difference.ts'
import { type Inference, noDifference } from './inference.ts'
import { lackOfRows } from './minimum.ts'

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
