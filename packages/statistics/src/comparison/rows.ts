import { effectiveRows, type RowStatistic } from '../metrics/statistic.ts'
import { createRandom } from '../random.ts'
import { accelerationOf, bcaBounds, isConstant, resampleRows, rounding, sortReplicates } from './bootstrap.ts'
import { type Bounded, type Bounds, guarded, normalBounds, pValueEqual, type Range } from './bounds.ts'
import { closedForm } from './closed-form.ts'
import { type DifferenceLimit, limitOf, relativeByReplicates, type Spread } from './difference.ts'
import { type Inference, noDifference } from './inference.ts'
import { lackOfClass, lackOfRows } from './minimum.ts'

/** Above this many rows influence functions replace the bootstrap: the normal limit is reached, and it is one pass. */
const bootstrapTo = 50_000

export interface RowOptions {
  readonly range: Range
  readonly weights: Float64Array
  readonly seed: number
  readonly resamples?: number
  /** Never resample (areas, whose influence functions are DeLong's placements). */
  readonly influenceOnly?: boolean
  /** Rows of the smallest class, where ranks are compared between classes. */
  readonly smallestClass?: number
  /** No row can lose more than the statistic says, so that a mean loss of 0 is bounded without resampling. */
  readonly isLossBounded?: boolean
}

/** Bounds of a metric that is a function of row weights: paired bootstrap of rows, or influence functions. */
export function inferRows(candidate: RowStatistic, baseline: RowStatistic | null, options: RowOptions): Inference {
  const pair = baseline ? [candidate, baseline] : [candidate]
  const { weights, smallestClass = Number.POSITIVE_INFINITY } = options
  const lack = lackOfRows(weights.length, effectiveRows(weights)) ?? lackOfClass(smallestClass)
  if (lack) return withoutResampling(pair, lack, options)
  const isLarge = options.influenceOnly || weights.length > bootstrapTo
  const resampled = isLarge || (!baseline && closedOf(candidate, options)) ? null : resample(pair, options)
  const [single, other] = pair.map((statistic, i) => boundOne(statistic, resampled, i, options))
  const reason = single?.bounds ? null : 'the metric is undefined in too many resamples'
  const shared = { candidate: single?.bounds ?? null, candidateMethod: single?.method ?? '', reason }
  if (!baseline || !other) return { ...shared, ...noDifference }
  return { ...shared, baseline: other.bounds, ...differenceOf(candidate, baseline, resampled, options) }
}

/** What is exact however few the rows are, of either model alone. */
function withoutResampling(pair: readonly RowStatistic[], reason: string, options: RowOptions): Inference {
  const [single, other] = pair.map((statistic) => closedOf(statistic, options))
  const candidate = { candidate: single?.bounds ?? null, candidateMethod: single?.method ?? '' }
  return {
    ...candidate,
    ...noDifference,
    baseline: other?.bounds ?? null,
    reason: single && pair.length === 1 ? null : reason,
  }
}

/** Both models on the same resampled rows. */
interface Resampled {
  readonly replicates: readonly Float64Array[]
  readonly detail: string
}

function resample(statistics: readonly RowStatistic[], { weights, seed, ...options }: RowOptions): Resampled {
  const resamples = options.resamples ?? (weights.length <= 1000 ? 9999 : 1999)
  const replicates = resampleRows(statistics, weights, resamples, createRandom(seed))
  return { replicates, detail: `bootstrap of rows (${resamples}, seed ${seed})` }
}

interface Single {
  readonly bounds: Bounds | null
  readonly method: string
}

/** A mean loss up to this, a rounding of log losses at probability 1, means that no row had any. */
const lossOfNone = 1e-15

function closedOf(statistic: RowStatistic, { weights, isLossBounded }: RowOptions): Single | null {
  const tally = statistic.tally?.(weights)
  if (tally) return closedForm(tally)
  if (!isLossBounded || statistic.value(weights) > lossOfNone) return null
  return { bounds: unseenBounds(statistic, weights), method: 'exact binomial, no loss seen' }
}

function boundOne(statistic: RowStatistic, resampled: Resampled | null, at: number, options: RowOptions): Single {
  const closed = closedOf(statistic, options)
  if (closed) return closed
  if (!resampled) return boundLarge(statistic, options)
  const ascending = sortReplicates(resampled.replicates[at] ?? new Float64Array())
  const bounds = ascending && boundByResamples(statistic, ascending, options)
  return { bounds, method: `BCa ${resampled.detail}` }
}

function boundByResamples(statistic: RowStatistic, ascending: Float64Array, { weights, range }: RowOptions): Bounds {
  const estimate = statistic.value(weights)
  const unseen = unseenBounds(statistic, weights)
  if (isConstant(ascending, Math.abs(estimate))) return unseen
  const acceleration = accelerationOf(influences(statistic, weights))
  return guarded(bcaBounds(estimate, ascending, acceleration, range), unseen, range)
}

/** Bounds of one model on many rows: by its influences, or by its own redraws where it has them. */
function boundLarge(statistic: RowStatistic, options: RowOptions): Single {
  const { weights, range, seed, resamples = 9999 } = options
  const redraw = statistic.redraw?.(weights)
  if (redraw) {
    const random = createRandom(seed)
    const ascending = Float64Array.from({ length: resamples }, () => redraw(random)).sort()
    const method = `BCa bootstrap of bins (${resamples}, seed ${seed})`
    return { bounds: boundByResamples(statistic, ascending, options), method }
  }
  const [estimate, error] = [statistic.value(weights), standardError(influences(statistic, weights))]
  const normal = error > rounding * Math.abs(estimate) ? normalBounds(estimate, error, range) : null
  return { bounds: guarded(normal, unseenBounds(statistic, weights), range), method: 'influence functions' }
}

function unseenBounds(statistic: RowStatistic, weights: Float64Array): Bounds {
  const ends = statistic.unseen(weights)
  return { lower: (alpha) => ends(alpha)[0], upper: (alpha) => ends(alpha)[1] }
}

function differenceOf(
  candidate: RowStatistic,
  baseline: RowStatistic,
  resampled: Resampled | null,
  options: RowOptions,
): Pick<Inference, 'difference' | 'relative' | 'pValue' | 'method'> {
  const limit = differenceLimit(candidate, baseline, options)
  const [first, second] = resampled?.replicates ?? []
  // Resampling adds to both calibration errors what it adds to neither difference of influences.
  const isResampled = first && second && !candidate.redraw
  const relative = isResampled ? relativeByReplicates(first, second, limit) : limit.normal
  const difference = relative(0)
  const method = isResampled ? `paired percentile ${resampled?.detail}` : 'influence functions'
  return { difference, relative, pValue: difference && pValueEqual(difference, 0), method }
}

function differenceLimit(
  candidate: RowStatistic,
  baseline: RowStatistic,
  { weights, range }: RowOptions,
): DifferenceLimit {
  const bounded = (statistic: RowStatistic): Bounded => ({
    value: statistic.value(weights),
    bounds: unseenBounds(statistic, weights),
  })
  const [a, b] = [bounded(candidate), bounded(baseline)]
  const [first, second] = [influences(candidate, weights), influences(baseline, weights)]
  const spread = (scale: number): Spread => {
    const influence = first.map((value, i) => value - scale * (second[i] ?? 0))
    return { error: standardError(influence), skewness: accelerationOf(influence) }
  }
  return limitOf(a, b, spread, range)
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
