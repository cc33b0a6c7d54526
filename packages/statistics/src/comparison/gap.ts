import type { Bounds } from './bounds.ts'

/** A metric in one slice. */
export interface SliceEstimate {
  readonly value: number
  readonly bounds: Bounds
}

/**
 * The gap between the best and the worst of disjoint slices, with bounds that hold whichever these are: each slice
 * is bounded on both sides at its share of alpha (Bonferroni). Null without slices.
 * @param isOpen whether there are slices besides whose value is not known: the gap has no upper bound then.
 */
export function boundGap(slices: readonly SliceEstimate[], isOpen = false): SliceEstimate | null {
  if (slices.length === 0) return null
  const values = slices.map((slice) => slice.value)
  const each = (alpha: number) => alpha / (2 * slices.length)
  const lowers = (alpha: number) => slices.map(({ bounds }) => bounds.lower(each(alpha)))
  const uppers = (alpha: number) => slices.map(({ bounds }) => bounds.upper(each(alpha)))
  return {
    value: Math.max(...values) - Math.min(...values),
    bounds: {
      lower: (alpha) => Math.max(0, Math.max(...lowers(alpha)) - Math.min(...uppers(alpha))),
      upper: (alpha) => (isOpen ? Number.POSITIVE_INFINITY : Math.max(...uppers(alpha)) - Math.min(...lowers(alpha))),
    },
  }
}
