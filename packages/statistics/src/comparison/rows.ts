import type { RowStatistic } from '../metrics/statistic.ts'
import { createRandom } from '../random.ts'
import { accelerationOf, basicBounds, bcaBounds, resampleRows, sortReplicates } from './bootstrap.ts'
import { type Bounds, normalBounds, pValueEqual, type Range } from './bounds.ts'
import { type Inference, noInference } from './inference.ts'

/** Above this many rows influence functions replace the bootstrap: the normal limit is reached, and it is one pass. */
const bootstrapTo = 50_000

export interface RowOptions {
  readonly range: Range
  readonly weights: Float64Array
  readonly seed: number
  readonly resamples?: number
  /** The metric is biased upwards by resampling (`ece`). */
  readonly biased?: boolean
  /** Never resample (rank metrics, whose influence functions are DeLong's placements). */
  readonly influenceOnly?: boolean
}

/** Bounds of a metric that is a function of row weights: paired bootstrap of rows, or influence functions. */
export function inferRows(candidate: RowStatistic, baseline: RowStatistic | null, options: RowOptions): Inference {
  const rows = options.weights.length
  if (rows < 2) return noInference('fewer than two rows')
  const byInfluence = options.influenceOnly || rows > bootstrapTo
  return byInfluence ? byInfluences(candidate, baseline, options) : byBootstrap(candidate, baseline, options)
}

function byInfluences(candidate: RowStatistic, baseline: RowStatistic | null, options: RowOptions): Inference {
  const { weights, range } = options
  const method = 'influence functions'
  const first = influences(candidate, weights)
  const [a, b] = [candidate.value(weights), baseline?.value(weights) ?? 0]
  const single = normalBounds(a, standardError(first), range)
  if (!baseline) {
    const none = { baseline: null, difference: null, pValue: null, method: '', reason: null }
    return { candidate: single, candidateMethod: method, ...none }
  }
  const second = influences(baseline, weights)
  const other = normalBounds(b, standardError(second), range)
  const error = standardError(first.map((influence, i) => influence - (second[i] ?? 0)))
  const difference = normalBounds(a - b, error, differenceRange(range))
  const pValue = pValueEqual(difference, 0)
  return { candidate: single, candidateMethod: method, baseline: other, difference, pValue, method, reason: null }
}

/** Influence of each row on the metric over the number of rows. */
function influences(statistic: RowStatistic, weights: Float64Array): Float64Array {
  return statistic.gradient(weights).map((slope, i) => slope * (weights[i] ?? 0))
}

function standardError(influences: Float64Array): number {
  let square = 0
  for (let i = 0; i < influences.length; i++) square += (influences[i] ?? 0) ** 2
  return Math.sqrt((square * influences.length) / (influences.length - 1))
}

function byBootstrap(candidate: RowStatistic, baseline: RowStatistic | null, options: RowOptions): Inference {
  const { weights, range, seed } = options
  const resamples = options.resamples ?? (weights.length <= 5000 ? 9999 : 1999)
  const statistics = baseline ? [candidate, baseline] : [candidate]
  const [first = new Float64Array(), second] = resampleRows(statistics, weights, resamples, createRandom(seed))
  const [a, b] = [candidate.value(weights), baseline?.value(weights) ?? 0]
  const name = `${options.biased ? 'basic' : 'BCa'} bootstrap of rows (${resamples}, seed ${seed})`
  const slopes = influences(candidate, weights)
  const bound = (estimate: number, replicates: Float64Array, influence: Float64Array, limits: Range): Bounds | null => {
    const ascending = sortReplicates(replicates)
    if (!ascending) return null
    if (options.biased) return basicBounds(estimate, ascending, limits)
    return bcaBounds(estimate, ascending, accelerationOf(influence), limits)
  }
  const single = bound(a, first, slopes, range)
  const reason = single ? null : 'the metric is undefined in too many resamples'
  if (!baseline || !second) {
    return {
      candidate: single,
      candidateMethod: name,
      baseline: null,
      difference: null,
      pValue: null,
      method: '',
      reason,
    }
  }
  const otherSlopes = influences(baseline, weights)
  const minus = (x: Float64Array, y: Float64Array) => x.map((value, i) => value - (y[i] ?? 0))
  const other = bound(b, second, otherSlopes, range)
  const difference = bound(a - b, minus(first, second), minus(slopes, otherSlopes), differenceRange(range))
  const pValue = difference && pValueEqual(difference, 0)
  return {
    candidate: single,
    candidateMethod: name,
    baseline: other,
    difference,
    pValue,
    method: `paired ${name}`,
    reason,
  }
}

export function differenceRange([least, most]: Range): Range {
  return [least - most, most - least]
}
