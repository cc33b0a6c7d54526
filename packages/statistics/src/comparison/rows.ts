import type { RowStatistic } from '../metrics/statistic.ts'
import { createRandom } from '../random.ts'
import { accelerationOf, bcaBounds, percentileBounds, resampleRows, sortReplicates } from './bootstrap.ts'
import { type Bounds, normalBounds, pValueEqual, type Range, type RelativeBounds, relativeRange } from './bounds.ts'
import { type Inference, noDifference, noInference } from './inference.ts'

/** Above this many rows influence functions replace the bootstrap: the normal limit is reached, and it is one pass. */
const bootstrapTo = 50_000

export interface RowOptions {
  readonly range: Range
  readonly weights: Float64Array
  readonly seed: number
  readonly resamples?: number
  /** Never resample (areas, whose influence functions are DeLong's placements). */
  readonly influenceOnly?: boolean
}

/** Bounds of a metric that is a function of row weights: paired bootstrap of rows, or influence functions. */
export function inferRows(candidate: RowStatistic, baseline: RowStatistic | null, options: RowOptions): Inference {
  const rows = options.weights.length
  if (rows < 2) return noInference('fewer than two rows')
  const side = options.influenceOnly || rows > bootstrapTo ? byInfluences : byBootstrap
  return side(candidate, baseline, options)
}

function byInfluences(candidate: RowStatistic, baseline: RowStatistic | null, options: RowOptions): Inference {
  const { weights } = options
  const single = boundOne(candidate, influences(candidate, weights), options)
  const shared = { candidate: single.bounds, candidateMethod: single.method, reason: null }
  if (!baseline) return { ...shared, ...noDifference }
  const other = boundOne(baseline, influences(baseline, weights), options)
  return { ...shared, baseline: other.bounds, ...differenceByInfluences(candidate, baseline, options) }
}

/** Bounds of one model on many rows: by its influences, or by its own redraws where it has them. */
function boundOne(
  statistic: RowStatistic,
  influence: Float64Array,
  { weights, range, seed, resamples = 9999 }: RowOptions,
) {
  const estimate = statistic.value(weights)
  const redraw = statistic.redraw?.(weights)
  if (!redraw) return { bounds: normalBounds(estimate, standardError(influence), range), method: 'influence functions' }
  const random = createRandom(seed)
  const ascending = Float64Array.from({ length: resamples }, () => redraw(random)).sort()
  const bounds = bcaBounds(estimate, ascending, accelerationOf(influence), range)
  return { bounds, method: `BCa bootstrap of bins (${resamples}, seed ${seed})` }
}

function differenceByInfluences(candidate: RowStatistic, baseline: RowStatistic, options: RowOptions) {
  const relative = relativeByInfluences(candidate, baseline, options)
  const difference = relative(0)
  return { difference, relative, pValue: pValueEqual(difference, 0), method: 'influence functions' }
}

/** The normal limit; near a baseline of 0, where |baseline| bends, that of the side it was seen on. */
function relativeByInfluences(candidate: RowStatistic, baseline: RowStatistic, { weights, range }: RowOptions) {
  const [value, base] = [candidate.value(weights), baseline.value(weights)]
  const [first, second] = [influences(candidate, weights), influences(baseline, weights)]
  return (share: number): Bounds => {
    const scale = 1 + share * Math.sign(base)
    const error = standardError(first.map((influence, i) => influence - scale * (second[i] ?? 0)))
    return normalBounds(value - scale * base, error, relativeRange(range, share))
  }
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
  const resamples = options.resamples ?? (weights.length <= 1000 ? 9999 : 1999)
  const statistics = baseline ? [candidate, baseline] : [candidate]
  const [first = new Float64Array(), second] = resampleRows(statistics, weights, resamples, createRandom(seed))
  const bound = (statistic: RowStatistic, replicates: Float64Array): Bounds | null => {
    const ascending = sortReplicates(replicates)
    const acceleration = accelerationOf(influences(statistic, weights))
    return ascending && bcaBounds(statistic.value(weights), ascending, acceleration, range)
  }
  const single = bound(candidate, first)
  const reason = single ? null : 'the metric is undefined in too many resamples'
  const detail = `bootstrap of rows (${resamples}, seed ${seed})`
  const shared = { candidate: single, candidateMethod: `BCa ${detail}`, reason }
  if (!baseline || !second) return { ...shared, ...noDifference }
  const other = { ...shared, baseline: bound(baseline, second) }
  // Resampling adds to both errors what it adds to neither difference of influences.
  if (candidate.redraw) return { ...other, ...differenceByInfluences(candidate, baseline, options) }
  const relative = relativeByReplicates(first, second, relativeByInfluences(candidate, baseline, options))
  const difference = relative(0)
  const pValue = difference && pValueEqual(difference, 0)
  return { ...other, difference, relative, pValue, method: `paired percentile ${detail}` }
}

/** Percentile bounds from what both models have on the same resamples; null where too many of them are undefined. */
export function relativeByReplicates(
  candidate: Float64Array,
  baseline: Float64Array,
  tail: (share: number) => Bounds,
): RelativeBounds {
  return (share) => {
    const beyond = candidate.map((value, i) => {
      const base = baseline[i] ?? 0
      return value - base - share * Math.abs(base)
    })
    const ascending = sortReplicates(beyond)
    return ascending && percentileBounds(ascending, tail(share))
  }
}
