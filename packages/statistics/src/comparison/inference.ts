import type { Bounds, RelativeBounds } from './bounds.ts'

/** What a method says about one metric of a candidate, and of its difference from a baseline on the same rows. */
export interface Inference {
  readonly candidate: Bounds | null
  readonly candidateMethod: string
  readonly baseline: Bounds | null
  readonly difference: Bounds | null
  readonly relative: RelativeBounds | null
  readonly pValue: number | null
  readonly method: string
  /** Why bounds are missing. */
  readonly reason: string | null
}

/** Of the difference, where there is no baseline. */
export const noDifference = { baseline: null, difference: null, relative: null, pValue: null, method: '' } as const

export function noInference(reason: string): Inference {
  return { candidate: null, candidateMethod: '', ...noDifference, reason }
}
