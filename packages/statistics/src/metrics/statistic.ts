import type { Random } from '../random.ts'
import type { Tally } from './label.ts'
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
   * Bounds at one-sided alpha by what n rows cannot show: a kind of row that makes up 1 − alpha^(1/n) of all is missed
   * with probability alpha. They are the least and the greatest value with such a share where it changes most, and
   * what is left of doubt where resamples do not vary.
   */
  unseen(weights: Float64Array): (alpha: number) => readonly [number, number]
  /**
   * The value on resampled rows in the normal limit of the sums it rests on; where its influence functions mislead.
   */
  redraw?(weights: Float64Array): (random: Random) => number
  /** For the area under one ROC curve: what DeLong's variances are made of. */
  placements?(weights: Float64Array): Placements
  /** For a label metric: the confusion matrix that it is a function of. */
  tally?(weights: Float64Array): Tally
}

/** Rows of equal weight that are worth as much as weighted ones: (Σ w)² / Σ w² (Kish 1965). */
export function effectiveRows(weights: Float64Array, counts: (row: number) => boolean = () => true): number {
  let [sum, square] = [0, 0]
  for (let i = 0; i < weights.length; i++) {
    if (!counts(i)) continue
    const weight = weights[i] ?? 0
    sum += weight
    square += weight * weight
  }
  return square === 0 ? 0 : (sum * sum) / square
}

/** The largest share of a kind of row that so many rows miss with probability alpha. */
export function unseenShare(alpha: number, rows: number): number {
  return -Math.expm1(Math.log(alpha) / rows)
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
    unseen(weights) {
      const each = parts.map((part) => ({ value: part.value(weights), ends: part.unseen(weights) }))
      const mean = each.reduce((sum, { value }) => sum + value, 0) / each.length
      return (alpha) => {
        const fall = Math.max(...each.map(({ value, ends }) => value - ends(alpha)[0]))
        const rise = Math.max(...each.map(({ value, ends }) => ends(alpha)[1] - value))
        return [mean - fall / each.length, mean + rise / each.length]
      }
    },
  }
}

export function sumOf(values: Float64Array): number {
  let sum = 0
  for (let i = 0; i < values.length; i++) sum += values[i] ?? 0
  return sum
}
