import { normalQuantile } from '../distributions/normal.ts'

/** One-sided confidence bounds of one quantity, at any level: each holds with probability 1 − alpha. */
export interface Bounds {
  lower(alpha: number): number
  upper(alpha: number): number
}

export type Range = readonly [number, number]

/**
 * Bounds of candidate − baseline − share × |baseline|: how the difference compares with a margin that is a share of
 * the baseline, whose own doubt they carry. A share of 0 gives the difference itself.
 */
export type RelativeBounds = (share: number) => Bounds | null

/** Two-sided interval at a confidence, or null where an end is not finite. */
export function intervalOf(bounds: Bounds | null, confidence: number): readonly [number, number] | null {
  if (!bounds) return null
  const alpha = (1 - confidence) / 2
  const [lower, upper] = [bounds.lower(alpha), bounds.upper(alpha)]
  return Number.isFinite(lower) && Number.isFinite(upper) ? [lower, upper] : null
}

/** Bounds of a quantity known without error. */
export function exactBounds(value: number): Bounds {
  return { lower: () => value, upper: () => value }
}

export function normalBounds(estimate: number, standardError: number, range: Range): Bounds {
  return within(
    {
      lower: (alpha) => estimate + normalQuantile(alpha) * standardError,
      upper: (alpha) => estimate - normalQuantile(alpha) * standardError,
    },
    range,
  )
}

/** The wider of two bounds on either side. */
function wider(a: Bounds, b: Bounds): Bounds {
  return {
    lower: (alpha) => Math.min(a.lower(alpha), b.lower(alpha)),
    upper: (alpha) => Math.max(a.upper(alpha), b.upper(alpha)),
  }
}

/**
 * What resamples or the normal limit say, where they vary at all; and of a metric that has a range, never with less
 * doubt than rows not seen leave.
 */
export function guarded(bounds: Bounds | null, unseen: Bounds, [least, most]: Range): Bounds {
  if (bounds === null) return unseen
  return Number.isFinite(least) && Number.isFinite(most) ? wider(bounds, unseen) : bounds
}

/** Bounds of the quantity plus a constant. */
export function shift({ lower, upper }: Bounds, by: number): Bounds {
  return { lower: (alpha) => lower(alpha) + by, upper: (alpha) => upper(alpha) + by }
}

/** The values that candidate − baseline − share × |baseline| can take. */
export function relativeRange([least, most]: Range, share: number): Range {
  const largest = share === 0 ? 0 : Math.abs(share) * Math.max(Math.abs(least), Math.abs(most))
  return [least - most - largest, most - least + largest]
}

/** An estimate with its own bounds. */
export interface Bounded {
  readonly value: number
  readonly bounds: Bounds
}

/** Bounds of a − scale × b where a and b are bounded by what the same rows cannot show of either. */
export function unseenContrast(a: Bounded, b: Bounded, scale: number): Bounds {
  const estimate = a.value - scale * b.value
  const below = ({ value, bounds }: Bounded, alpha: number) => value - bounds.lower(alpha)
  const above = ({ value, bounds }: Bounded, alpha: number) => bounds.upper(alpha) - value
  const [harmful, harmless] = scale > 0 ? [above, below] : [below, above]
  return {
    lower: (alpha) => estimate - Math.max(below(a, alpha), Math.abs(scale) * harmful(b, alpha)),
    upper: (alpha) => estimate + Math.max(above(a, alpha), Math.abs(scale) * harmless(b, alpha)),
  }
}

/** Bounds cut to the values the quantity can take. */
export function within(bounds: Bounds, [least, most]: Range): Bounds {
  return {
    lower: (alpha) => Math.min(most, Math.max(least, bounds.lower(alpha))),
    upper: (alpha) => Math.max(least, Math.min(most, bounds.upper(alpha))),
  }
}

/** One-sided p-value against "the quantity is at least `limit`": the smallest alpha whose upper bound is below it. */
export function pValueBelow(bounds: Bounds, limit: number): number {
  return smallestAlpha((alpha) => bounds.upper(alpha) < limit)
}

/** One-sided p-value against "the quantity is at most `limit`": the smallest alpha whose lower bound is above it. */
export function pValueAbove(bounds: Bounds, limit: number): number {
  return smallestAlpha((alpha) => bounds.lower(alpha) > limit)
}

/** Two-sided p-value of "the quantity is `value`", by the same bounds as the interval. */
export function pValueEqual(bounds: Bounds, value: number): number {
  return Math.min(1, 2 * Math.min(pValueBelow(bounds, value), pValueAbove(bounds, value)))
}

/** Bisects ln alpha; bounds tighten as alpha grows. */
function smallestAlpha(excludes: (alpha: number) => boolean): number {
  let [low, high] = [-690, 0]
  if (excludes(Math.exp(low))) return 0
  if (!excludes(1 - 1e-12)) return 1
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2
    if (excludes(Math.exp(middle))) high = middle
    else low = middle
  }
  return Math.exp(high)
}
