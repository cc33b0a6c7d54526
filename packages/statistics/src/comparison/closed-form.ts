import type { LabelMetric, Tally } from '../metrics/label.ts'
import type { Bounds } from './bounds.ts'
import { exactProportion } from './proportion.ts'

/** Weight of some rows, and the sum of its squares. */
interface Load {
  readonly weight: number
  readonly square: number
}

/** Bounds of one model where the metric is a proportion of rows, or grows with one; null where it is not. */
export function closedForm(tally: Tally): { bounds: Bounds; method: string } | null {
  const { metric, classes, positive } = tally
  const among = countsIn[metric]
  if (!among) return null
  let [right, wrong]: [Load, Load] = [none, none]
  for (let truth = 0; truth < classes; truth++) {
    for (let predicted = 0; predicted < classes; predicted++) {
      if (!among(truth === positive, predicted === positive)) continue
      const cell = truth * classes + predicted
      if (truth === predicted) right = plus(right, tally, cell)
      else wrong = plus(wrong, tally, cell)
    }
  }
  if (right.weight + wrong.weight === 0) return null
  const bounds = proportionOf(right, wrong)
  return { bounds: metric === 'f1' ? f1Bounds(bounds) : bounds, method: 'exact binomial' }
}

/** Of which rows the metric is the share that is right: those of the class, those predicted so, either, or all. */
const countsIn: Partial<Record<LabelMetric, (isPositive: boolean, saysPositive: boolean) => boolean>> = {
  accuracy: () => true,
  precision: (_, saysPositive) => saysPositive,
  recall: (isPositive) => isPositive,
  f1: (isPositive, saysPositive) => isPositive || saysPositive,
}

const none: Load = { weight: 0, square: 0 }

function plus({ weight, square }: Load, { cells, squares }: Tally, cell: number): Load {
  return { weight: weight + (cells[cell] ?? 0), square: square + (squares[cell] ?? 0) }
}

/**
 * A proportion of weighted rows counts as one of their effective number: by Kish, or where fewer by the variance seen
 * (Korn and Graubard 1998). Rows of equal weight count each.
 */
function proportionOf(right: Load, wrong: Load): Bounds {
  const total = right.weight + wrong.weight
  const share = right.weight / total
  const variance = (right.square * (1 - share) ** 2 + wrong.square * share ** 2) / total ** 2
  const kish = total ** 2 / (right.square + wrong.square)
  const seen = variance === 0 ? kish : (share * (1 - share)) / variance
  return exactProportion(share, Math.min(kish, seen))
}

/** F1 = 2J / (1 + J) grows with J = TP / (TP + FP + FN), a proportion of the rows that are not true negatives. */
function f1Bounds(jaccard: Bounds): Bounds {
  const f1 = (j: number) => (2 * j) / (1 + j)
  return { lower: (alpha) => f1(jaccard.lower(alpha)), upper: (alpha) => f1(jaccard.upper(alpha)) }
}
