import { distinctValues } from '../sample.ts'
import { effectiveRows, type RowStatistic, sumOf, unseenShare } from './statistic.ts'

/** Rows grouped by equal score; group 0 has the lowest. */
export interface TieGroups {
  readonly groupOf: Int32Array
  readonly groups: number
}

export function tieGroups(scores: Float64Array): TieGroups {
  const distinct = distinctValues(scores)
  return { groups: distinct.length, groupOf: positionsIn(distinct, scores) }
}

/**
 * Position of each score among the distinct ones. A table of equally wide steps narrows the binary search to a few
 * neighbours, which for a million scores are in the cache where the whole range is not.
 */
function positionsIn(distinct: Float64Array, scores: Float64Array): Int32Array {
  const [least, most] = [distinct[0] ?? 0, distinct[distinct.length - 1] ?? 0]
  const steps = Math.max(1, Math.min(distinct.length >> 2, 1 << 16))
  const perStep = most - least < Number.POSITIVE_INFINITY && most > least ? steps / (most - least) : 0
  const stepOf = (score: number) => Math.min(steps - 1, Math.floor((score - least) * perStep))
  // starts[k] is the first position whose step is at least k.
  const starts = new Int32Array(steps + 1).fill(distinct.length)
  for (let i = distinct.length - 1; i >= 0; i--) starts[stepOf(distinct[i] ?? 0)] = i
  for (let k = steps - 1; k >= 0; k--) starts[k] = Math.min(starts[k] ?? 0, starts[k + 1] ?? 0)
  const positions = new Int32Array(scores.length)
  for (let i = 0; i < scores.length; i++) {
    const score = scores[i] ?? 0
    const step = stepOf(score)
    let [low, high] = [starts[step] ?? 0, (starts[step + 1] ?? 0) - 1]
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((distinct[middle] ?? 0) < score) low = middle + 1
      else high = middle
    }
    positions[i] = low
  }
  return positions
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
  const [positives, negatives] = [sumOf(sums.positive), sumOf(sums.negative)]
  const [beaten, beating] = [new Float64Array(ties.groups), new Float64Array(ties.groups)]
  let [negativesBelow, positivesBelow] = [0, 0]
  for (let g = 0; g < ties.groups; g++) {
    const [p, n] = [sums.positive[g] ?? 0, sums.negative[g] ?? 0]
    beaten[g] = (negativesBelow + n / 2) / negatives
    beating[g] = 1 - (positivesBelow + p / 2) / positives
    negativesBelow += n
    positivesBelow += p
  }
  const byRow = new Float64Array(positive.length)
  for (let i = 0; i < byRow.length; i++) {
    byRow[i] = (positive[i] === 1 ? beaten : beating)[ties.groupOf[i] ?? 0] ?? 0
  }
  return { area: areaOf(sums), placements: byRow, positives, negatives }
}

function areaOf({ positive, negative }: GroupWeights): number {
  let [negativesBelow, positives, wins] = [0, 0, 0]
  for (let g = 0; g < positive.length; g++) {
    const [p, n] = [positive[g] ?? 0, negative[g] ?? 0]
    wins += p * (negativesBelow + n / 2)
    negativesBelow += n
    positives += p
  }
  return wins / positives / negativesBelow
}

/** Effective rows of either class. */
export interface ClassSizes {
  readonly positives: number
  readonly negatives: number
}

export function classRows(positive: Uint8Array, weights: Float64Array): ClassSizes {
  return {
    positives: effectiveRows(weights, (row) => positive[row] === 1),
    negatives: effectiveRows(weights, (row) => positive[row] !== 1),
  }
}

/**
 * Bounds of an area by what the smaller class of so many rows cannot show. Of a sample in perfect order they are exact:
 * as many independent pairs as that class has rows were all in order, which has probability area^rows at most.
 */
export function unseenArea(area: number, smallerClass: number, alpha: number): readonly [number, number] {
  const share = unseenShare(alpha, smallerClass)
  return [area * (1 - share), area + (1 - area) * share]
}

/** Area under the ROC curve; undefined when one class has no weight. */
export function rocArea(scores: Float64Array, positive: Uint8Array): RowStatistic {
  const ties = tieGroups(scores)
  const value = (weights: Float64Array) => areaOf(weigh(ties, positive, weights))
  return {
    placements: (weights) => placements(ties, positive, weights),
    value,
    unseen(weights) {
      const { positives, negatives } = classRows(positive, weights)
      const [area, smallerClass] = [value(weights), Math.min(positives, negatives)]
      return (alpha) => unseenArea(area, smallerClass, alpha)
    },
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
  const value = (weights: Float64Array) => {
    sums.positive.fill(0)
    sums.negative.fill(0)
    return meanPrecision(weigh(ties, positive, weights, sums))
  }
  return {
    value,
    unseen(weights) {
      const { positives, negatives } = classRows(positive, weights)
      const precision = value(weights)
      const ratio = sumOf(sums.negative) / sumOf(sums.positive)
      return (alpha) => {
        const share = unseenShare(alpha, positives)
        const [behind, before] = [(1 - share) * precision, precision + share * (1 - precision)]
        if (precision < 1) return [behind, before]
        // Where all are in order, unseen negatives do more harm at the top than unseen positives at the end.
        return [Math.min(behind, precisionAfter(unseenShare(alpha, negatives) * ratio)), 1]
      }
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

/** Average precision when some negatives, `ahead` for each positive, come before all of these and the others after. */
function precisionAfter(ahead: number): number {
  return ahead === 0 ? 1 : 1 - ahead * Math.log1p(1 / ahead)
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
  const positives = sumOf(positive)
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
