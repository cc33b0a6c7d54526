import type { Random } from '../random.ts'
import type { Placements } from './ranking.ts'

/**
 * A metric of one model on fixed rows, as a function of the rows' weights. It does not change when all weights
 * are multiplied. NaN where it is undefined.
 */
export interface RowStatistic {
  value(weights: Float64Array): number
  /** ∂ value / ∂ weight of each row: times the rows, the empirical influence function. */
  gradient(weights: Float64Array): Float64Array
  /**
   * The value on resampled rows in the normal limit of the sums it rests on; where its influence functions mislead.
   */
  redraw?(weights: Float64Array): (random: Random) => number
  /** For the area under one ROC curve: what DeLong's variances are made of. */
  placements?(weights: Float64Array): Placements
}

/** The mean of several statistics of the same rows. */
export function meanOf(parts: readonly RowStatistic[]): RowStatistic {
  return {
    value: (weights) => parts.reduce((sum, part) => sum + part.value(weights), 0) / parts.length,
    gradient(weights) {
      const gradient = new Float64Array(weights.length)
      for (const part of parts) {
        part.gradient(weights).forEach((slope, i) => {
          gradient[i] = (gradient[i] ?? 0) + slope / parts.length
        })
      }
      return gradient
    },
  }
}

export function sumOf(values: Float64Array): number {
  let sum = 0
  for (let i = 0; i < values.length; i++) sum += values[i] ?? 0
  return sum
}
