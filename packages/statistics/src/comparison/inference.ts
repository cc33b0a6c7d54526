import type { Bounds } from './bounds.ts'

/** What a method says about one metric of a candidate, and of its difference from a baseline on the same rows. */
export interface Inference {
  readonly candidate: Bounds | null
  readonly candidateMethod: string
  readonly baseline: Bounds | null
  readonly difference: Bounds | null
  readonly pValue: number | null
  readonly method: string
  /** Why bounds are missing. */
  readonly reason: string | null
}

export function noInference(reason: string): Inference {
  return { candidate: null, candidateMethod: '', baseline: null, difference: null, pValue: null, method: '', reason }
}
