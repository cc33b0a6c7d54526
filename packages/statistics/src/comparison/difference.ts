import { isConstant, percentileBounds, rounding, sortReplicates } from './bootstrap.ts'
import {
  type Bounded,
  type Bounds,
  guarded,
  normalBounds,
  type Range,
  type RelativeBounds,
  relativeRange,
  unseenContrast,
  within,
} from './bounds.ts'

/** What bounds candidate − baseline − share × |baseline| where resamples end. */
export interface DifferenceLimit {
  /** By the normal limit. */
  normal(share: number): Bounds
  /** By what the rows cannot show. */
  unseen(share: number): Bounds
  /** Of the sum of influences, over six. */
  skewness(share: number): number
  readonly range: Range
  /** Of the metrics compared, for what is rounding beside them. */
  readonly size: number
}

/** What the influences of the rows on candidate − scale × baseline add up to. */
export interface Spread {
  readonly error: number
  readonly skewness: number
}

/** Near a baseline of 0, where |baseline| bends, the normal limit is that of the side it was seen on. */
export function limitOf(a: Bounded, b: Bounded, spread: (scale: number) => Spread, range: Range): DifferenceLimit {
  const scaleOf = (share: number) => 1 + share * Math.sign(b.value)
  const size = Math.max(Math.abs(a.value), Math.abs(b.value))
  const unseen = (share: number) => within(unseenContrast(a, b, scaleOf(share)), relativeRange(range, share))
  const normal = (share: number) => {
    const [scale, limits] = [scaleOf(share), relativeRange(range, share)]
    const { error } = spread(scale)
    const bounds = error > rounding * size ? normalBounds(a.value - scale * b.value, error, limits) : null
    return guarded(bounds, unseen(share), limits)
  }
  return { normal, unseen, skewness: (share) => spread(scaleOf(share)).skewness, range, size }
}

/** Percentile bounds from what both models have on the same resamples; null where too many of them are undefined. */
export function relativeByReplicates(
  candidate: Float64Array,
  baseline: Float64Array,
  limit: DifferenceLimit,
): RelativeBounds {
  return (share) => {
    const beyond = candidate.map((value, i) => {
      const base = baseline[i] ?? 0
      return value - base - share * Math.abs(base)
    })
    const ascending = sortReplicates(beyond)
    if (!ascending) return null
    const varies = !isConstant(ascending, limit.size)
    const bounds = varies ? percentileBounds(ascending, limit.normal(share), limit.skewness(share)) : null
    return guarded(bounds, limit.unseen(share), limit.range)
  }
}
