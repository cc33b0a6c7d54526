import { normalCdf, normalQuantile } from '../distributions/normal.ts'
import type { RowStatistic } from '../metrics/statistic.ts'
import type { Random } from '../random.ts'
import { type Bounds, type Range, within } from './bounds.ts'

/** Above this share of resamples in which a metric is undefined it gets no bounds. */
const undefinedTo = 0.1

/** Replicates in ascending order, or null when too many are undefined. */
export function sortReplicates(replicates: Float64Array): Float64Array | null {
  const kept = replicates.filter((value) => !Number.isNaN(value)).sort()
  return kept.length >= (1 - undefinedTo) * replicates.length && kept.length > 0 ? kept : null
}

/** Whether resamples do not vary but for rounding: they say nothing then of how far off the estimate may be. */
export function isConstant(ascending: Float64Array, scale: number): boolean {
  return (ascending[ascending.length - 1] ?? 0) - (ascending[0] ?? 0) <= rounding * scale
}

/** What summing in another order changes, and no row. */
export const rounding = 1e-12

/**
 * The level of a bound on the side of the long tail, where few rows show too little of it: alpha over 1 plus a multiple
 * of the skewness. The multiples are by simulation with heavy-tailed errors, and what they take falls with √n.
 * @param skewness of the sum of influences, over six.
 */
export function cautious(alpha: number, skewness: number, multiple: number): number {
  return alpha / (1 + multiple * Math.max(0, skewness))
}

export const cautionOfOne = 20
const cautionOfDifference = 40

/**
 * Bias-corrected and accelerated bounds (Efron 1987), for the metric of one model: second-order correct where the plain
 * percentiles of a skewed or biased metric are not, and wide on the safe side for `ece`, whose resamples are all less
 * calibrated than the sample, which in turn is less calibrated than the population. Levels beyond the resolution of the resamples give the range.
 */
export function bcaBounds(estimate: number, ascending: Float64Array, acceleration: number, range: Range): Bounds {
  const [below, atMost] = [rankOf(ascending, estimate, false), rankOf(ascending, estimate, true)]
  const count = ascending.length
  const share = Math.min(count, Math.max(1, (below + atMost) / 2)) / (count + 1)
  const bias = normalQuantile(share)
  const level = (q: number) => {
    const z = bias + normalQuantile(q)
    return normalCdf(bias + z / Math.max(1e-6, 1 - acceleration * z))
  }
  const bounds: Bounds = {
    lower: (alpha) => lowerOrder(ascending, level(cautious(alpha, -acceleration, cautionOfOne))),
    upper: (alpha) => upperOrder(ascending, level(1 - cautious(alpha, acceleration, cautionOfOne))),
  }
  return within(bounds, range)
}

/**
 * Percentile bounds, for differences of two models on the same rows: these are nearly symmetric, and in simulation the
 * corrections of BCa, being estimates themselves, cost one to five points of coverage at a hundred rows. Levels beyond
 * the resolution of the resamples, which Holm's correction asks for, go to the last resample or, if farther, to the
 * bounds of the normal tail.
 */
export function percentileBounds(ascending: Float64Array, tail: Bounds, skewness: number): Bounds {
  const resolved = 1 / (ascending.length + 1)
  const first = ascending[0] ?? Number.NaN
  const last = ascending[ascending.length - 1] ?? Number.NaN
  const below = (alpha: number) =>
    alpha < resolved ? Math.min(first, tail.lower(alpha)) : lowerOrder(ascending, alpha)
  const above = (alpha: number) =>
    alpha < resolved ? Math.max(last, tail.upper(alpha)) : upperOrder(ascending, 1 - alpha)
  return {
    lower: (alpha) => below(cautious(alpha, -skewness, cautionOfDifference)),
    upper: (alpha) => above(cautious(alpha, skewness, cautionOfDifference)),
  }
}

/** The quantile at (n + 1) × level, between order statistics; −infinity below the first, which bounds nothing. */
function lowerOrder(ascending: Float64Array, level: number): number {
  const position = (ascending.length + 1) * level
  const rank = Math.floor(position + 1e-9)
  if (rank < 1) return Number.NEGATIVE_INFINITY
  const low = ascending[Math.min(rank, ascending.length) - 1] ?? Number.NaN
  return low + ((ascending[rank] ?? low) - low) * Math.max(0, position - rank)
}

/** The same, seen from above: infinity beyond the last. */
function upperOrder(ascending: Float64Array, level: number): number {
  const position = (ascending.length + 1) * level
  const rank = Math.ceil(position - 1e-9)
  if (rank > ascending.length) return Number.POSITIVE_INFINITY
  const high = ascending[Math.max(rank, 1) - 1] ?? Number.NaN
  return high - (high - (ascending[rank - 2] ?? high)) * Math.max(0, rank - position)
}

/** Number of replicates below a value, or at most it. */
function rankOf(ascending: Float64Array, value: number, inclusive: boolean): number {
  let [low, high] = [0, ascending.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    const at = ascending[middle] ?? 0
    if (at < value || (inclusive && at === value)) low = middle + 1
    else high = middle
  }
  return low
}

/** Skewness of the influences over six; `influences` may come with the number of rows that share each. */
export function accelerationOf(influences: ArrayLike<number>, rows?: ArrayLike<number>): number {
  let [square, cube] = [0, 0]
  for (let i = 0; i < influences.length; i++) {
    const [influence, count] = [influences[i] ?? 0, rows ? (rows[i] ?? 0) : 1]
    square += count * influence ** 2
    cube += count * influence ** 3
  }
  return square === 0 ? 0 : cube / (6 * square ** 1.5)
}

/** Values of each statistic on the same resampled rows, `resamples` times. */
export function resampleRows(
  statistics: readonly RowStatistic[],
  weights: Float64Array,
  resamples: number,
  random: Random,
): Float64Array[] {
  const rows = weights.length
  const replicates = statistics.map(() => new Float64Array(resamples))
  const drawn = new Float64Array(rows)
  for (let r = 0; r < resamples; r++) {
    drawn.fill(0)
    for (let i = 0; i < rows; i++) {
      const row = random.below(rows)
      drawn[row] = (drawn[row] ?? 0) + (weights[row] ?? 0)
    }
    statistics.forEach((statistic, s) => {
      const values = replicates[s]
      if (values) values[r] = statistic.value(drawn)
    })
  }
  return replicates
}
