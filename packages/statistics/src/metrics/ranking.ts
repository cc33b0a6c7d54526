import { sorted } from '../sample.ts'
import type { RowStatistic } from './statistic.ts'

/** Rows grouped by equal score; group 0 has the lowest. */
export interface TieGroups {
  readonly groupOf: Int32Array
  readonly groups: number
}

export function tieGroups(scores: Float64Array): TieGroups {
  const ascending = sorted(scores)
  let groups = 0
  for (let i = 0; i < ascending.length; i++) {
    if (i === 0 || ascending[i] !== ascending[groups - 1]) ascending[groups++] = ascending[i] ?? 0
  }
  const groupOf = new Int32Array(scores.length)
  for (let i = 0; i < scores.length; i++) groupOf[i] = indexOf(scores[i] ?? 0, ascending, groups)
  return { groups, groupOf }
}

/** Position of a score among the first `length` ascending values, which contain it. */
function indexOf(score: number, distinct: Float64Array, length: number): number {
  let [low, high] = [0, length - 1]
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((distinct[middle] ?? 0) < score) low = middle + 1
    else high = middle
  }
  return low
}

/** Weight of positive and of negative rows in each tie group. */
interface GroupWeights {
  readonly positive: Float64Array
  readonly negative: Float64Array
}

function weigh(
  { groupOf, groups }: TieGroups,
  positive: Uint8Array,
  weights: Float64Array,
  sums: GroupWeights = { positive: new Float64Array(groups), negative: new Float64Array(groups) },
): GroupWeights {
  for (let i = 0; i < groupOf.length; i++) {
    const side = positive[i] === 1 ? sums.positive : sums.negative
    const group = groupOf[i] ?? 0
    side[group] = (side[group] ?? 0) + (weights[i] ?? 0)
  }
  return sums
}

/**
 * Placements: for a positive row the share of negatives it beats (ties count half), for a negative row the share of
 * positives that beat it. Their means over either class are the area under the ROC curve (Sun and Xu 2014 compute
 * them by midranks, here by tie groups; both take one sort).
 */
export interface Placements {
  readonly area: number
  readonly placements: Float64Array
  readonly positives: number
  readonly negatives: number
}

export function placements(ties: TieGroups, positive: Uint8Array, weights: Float64Array): Placements {
  const sums = weigh(ties, positive, weights)
  const positives = sums.positive.reduce((sum, weight) => sum + weight, 0)
  const negatives = sums.negative.reduce((sum, weight) => sum + weight, 0)
  const [beaten, beating] = [new Float64Array(ties.groups), new Float64Array(ties.groups)]
  let [negativesBelow, positivesBelow, area] = [0, 0, 0]
  for (let g = 0; g < ties.groups; g++) {
    const [p, n] = [sums.positive[g] ?? 0, sums.negative[g] ?? 0]
    beaten[g] = (negativesBelow + n / 2) / negatives
    beating[g] = 1 - (positivesBelow + p / 2) / positives
    area += p * (negativesBelow + n / 2)
    negativesBelow += n
    positivesBelow += p
  }
  const byRow = new Float64Array(positive.length)
  for (let i = 0; i < byRow.length; i++) {
    byRow[i] = (positive[i] === 1 ? beaten : beating)[ties.groupOf[i] ?? 0] ?? 0
  }
  return { area: area / positives / negatives, placements: byRow, positives, negatives }
}

/** Area under the ROC curve; undefined when one class has no weight. */
export function rocArea(scores: Float64Array, positive: Uint8Array): RowStatistic {
  const ties = tieGroups(scores)
  return {
    placements: (weights) => placements(ties, positive, weights),
    value: (weights) => placements(ties, positive, weights).area,
    gradient(weights) {
      const { area, placements: place, positives, negatives } = placements(ties, positive, weights)
      return place.map((placement, i) => (placement - area) / (positive[i] === 1 ? positives : negatives))
    },
  }
}

/** Average precision: the step sum Σ (Rₙ − Rₙ₋₁) Pₙ without interpolation; undefined without positives. */
export function averagePrecision(scores: Float64Array, positive: Uint8Array): RowStatistic {
  const ties = tieGroups(scores)
  // Resampling asks for the value thousands of times: the sums are kept.
  const sums = { positive: new Float64Array(ties.groups), negative: new Float64Array(ties.groups) }
  return {
    value(weights) {
      sums.positive.fill(0)
      sums.negative.fill(0)
      return meanPrecision(weigh(ties, positive, weights, sums))
    },
    gradient(weights) {
      const { average, precision, gain, cost, positives } = precisionSteps(weigh(ties, positive, weights))
      return weights.map((_, i) => {
        const g = ties.groupOf[i] ?? 0
        if (positive[i] !== 1) return -(cost[g] ?? 0)
        return ((precision[g] ?? 0) - average) / positives + (gain[g] ?? 0) - (cost[g] ?? 0)
      })
    },
  }
}

function meanPrecision({ positive, negative }: GroupWeights): number {
  let [found, predicted, sum] = [0, 0, 0]
  for (let g = positive.length - 1; g >= 0; g--) {
    const here = positive[g] ?? 0
    found += here
    predicted += here + (negative[g] ?? 0)
    if (here > 0) sum += (here * found) / predicted
  }
  return sum / found
}

interface PrecisionSteps {
  readonly average: number
  readonly positives: number
  /** Precision when all rows from this group upwards are predicted positive. */
  readonly precision: Float64Array
  /** What one more true positive in this group adds to the precisions from here downwards… */
  readonly gain: Float64Array
  /** …and what one more predicted positive takes from them. */
  readonly cost: Float64Array
}

function precisionSteps({ positive, negative }: GroupWeights): PrecisionSteps {
  const groups = positive.length
  const precision = new Float64Array(groups)
  const [gain, cost] = [new Float64Array(groups), new Float64Array(groups)]
  const positives = positive.reduce((sum, weight) => sum + weight, 0)
  let [found, predicted] = [0, 0]
  for (let g = groups - 1; g >= 0; g--) {
    const here = positive[g] ?? 0
    found += here
    predicted += here + (negative[g] ?? 0)
    const share = predicted === 0 ? 0 : found / predicted
    precision[g] = share
    gain[g] = predicted === 0 ? 0 : here / positives / predicted
    cost[g] = (gain[g] ?? 0) * share
  }
  for (let g = 1; g < groups; g++) {
    gain[g] = (gain[g] ?? 0) + (gain[g - 1] ?? 0)
    cost[g] = (cost[g] ?? 0) + (cost[g - 1] ?? 0)
  }
  return { average: meanPrecision({ positive, negative }), positives, precision, gain, cost }
}
