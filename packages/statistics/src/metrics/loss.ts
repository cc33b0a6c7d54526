import { effectiveRows, type RowStatistic, sumOf, unseenShare } from './statistic.ts'

/** Probabilities are kept this far from 0 and 1, as in scikit-learn for doubles. */
export const leastProbability = 2 ** -52

/** Absolute percentage errors are divided by at least this, as in scikit-learn. */
const leastMagnitude = 2 ** -52

/**
 * Mean of a loss per row.
 * @param largest what a row that was not seen may lose.
 */
export function meanLoss(losses: Float64Array, largest: number): RowStatistic {
  const value = (weights: Float64Array) => {
    let [sum, total] = [0, 0]
    for (let i = 0; i < losses.length; i++) {
      sum += (weights[i] ?? 0) * (losses[i] ?? 0)
      total += weights[i] ?? 0
    }
    return sum / total
  }
  return {
    value,
    gradient(weights) {
      const [mean, total] = [value(weights), sumOf(weights)]
      return losses.map((loss) => (loss - mean) / total)
    },
    unseen(weights) {
      const [mean, rows] = [value(weights), effectiveRows(weights)]
      return (alpha) => {
        const share = unseenShare(alpha, rows)
        return [(1 - share) * mean, mean + share * Math.max(0, largest - mean)]
      }
    },
  }
}

/** Square root of the mean of a loss per row. */
export function rootMeanLoss(losses: Float64Array, largest: number): RowStatistic {
  const inner = meanLoss(losses, largest)
  const value = (weights: Float64Array) => Math.sqrt(inner.value(weights))
  return {
    value,
    gradient(weights) {
      const root = value(weights)
      return inner.gradient(weights).map((slope) => (root === 0 ? 0 : slope / (2 * root)))
    },
    unseen(weights) {
      const ends = inner.unseen(weights)
      return (alpha) => {
        const [least, most] = ends(alpha)
        return [Math.sqrt(least), Math.sqrt(most)]
      }
    },
  }
}

/** Coefficient of determination; for a constant truth 1 when every prediction is exact, else 0. */
export function determination(truth: Float64Array, predicted: ArrayLike<number>): RowStatistic {
  const errors = truth.map((value, i) => (value - (predicted[i] ?? 0)) ** 2)
  const parts = (weights: Float64Array) => {
    let [centre, total, residual, spread] = [0, 0, 0, 0]
    for (let i = 0; i < truth.length; i++) {
      centre += (weights[i] ?? 0) * (truth[i] ?? 0)
      total += weights[i] ?? 0
    }
    centre /= total
    for (let i = 0; i < truth.length; i++) {
      residual += (weights[i] ?? 0) * (errors[i] ?? 0)
      spread += (weights[i] ?? 0) * ((truth[i] ?? 0) - centre) ** 2
    }
    return { centre, total, residual, spread }
  }
  return {
    value(weights) {
      const { residual, spread } = parts(weights)
      return spread === 0 ? Number(residual === 0) : 1 - residual / spread
    },
    gradient(weights) {
      const { centre, residual, spread } = parts(weights)
      if (spread === 0) return new Float64Array(truth.length)
      return truth.map((value, i) => ((residual / spread) * (value - centre) ** 2 - (errors[i] ?? 0)) / spread)
    },
    unseen(weights) {
      const { total, residual, spread } = parts(weights)
      if (spread === 0) return () => [Number.NEGATIVE_INFINITY, 1]
      const [rows, largest] = [effectiveRows(weights), Math.max(residual, total * reachOf(truth) ** 2)]
      return (alpha) => {
        const share = unseenShare(alpha, rows)
        return [1 - ((1 - share) * residual + share * largest) / spread, 1 - ((1 - share) * residual) / spread]
      }
    },
  }
}

/** How far apart the true values lie: what an error that was not seen is taken to be at most. */
export function reachOf(truth: Float64Array): number {
  let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (let i = 0; i < truth.length; i++) {
    const value = truth[i] ?? 0
    if (value < least) least = value
    if (value > most) most = value
  }
  return Math.max(0, most - least)
}

/** The percentage error of a value nearest to 0 that is `reach` off. */
export function largestPercentage(truth: Float64Array, reach: number): number {
  const nearest = truth.reduce((least, value) => Math.min(least, Math.abs(value)), Number.POSITIVE_INFINITY)
  return reach / Math.max(nearest, leastMagnitude)
}

export function squaredErrors(truth: Float64Array, predicted: ArrayLike<number>): Float64Array {
  return truth.map((value, i) => (value - (predicted[i] ?? 0)) ** 2)
}

export function absoluteErrors(truth: Float64Array, predicted: ArrayLike<number>): Float64Array {
  return truth.map((value, i) => Math.abs(value - (predicted[i] ?? 0)))
}

export function percentageErrors(truth: Float64Array, predicted: ArrayLike<number>): Float64Array {
  return truth.map((value, i) => Math.abs(value - (predicted[i] ?? 0)) / Math.max(Math.abs(value), leastMagnitude))
}

/** Pinball loss of a predicted quantile: under-prediction costs `quantile` a unit, over-prediction the rest of 1. */
export function pinballLosses(truth: Float64Array, predicted: ArrayLike<number>, quantile: number): Float64Array {
  return truth.map((value, i) => {
    const difference = value - (predicted[i] ?? 0)
    return difference >= 0 ? quantile * difference : (quantile - 1) * difference
  })
}

/** −ln of the probability given to the true class. */
export function logLosses(truth: Float64Array, probability: (row: number, label: number) => number): Float64Array {
  return truth.map((label, row) => {
    const p = probability(row, label)
    return -Math.log(Math.min(1 - leastProbability, Math.max(leastProbability, p)))
  })
}

/** Squared error of the probability of class 1 for two classes; of all probabilities, summed, for more. */
export function brierLosses(
  truth: Float64Array,
  classes: number,
  probability: (row: number, label: number) => number,
): Float64Array {
  return truth.map((label, row) => {
    let sum = 0
    for (let c = classes === 2 ? 1 : 0; c < classes; c++) sum += (probability(row, c) - Number(c === label)) ** 2
    return sum
  })
}
