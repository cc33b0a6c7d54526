import { type RowStatistic, unseenShare } from './statistic.ts'
import type { MetricName } from './table.ts'

export type LabelMetric = Extract<
  MetricName,
  'accuracy' | 'balanced_accuracy' | 'precision' | 'recall' | 'f1' | 'f1_macro' | 'matthews_corrcoef' | 'cohen_kappa'
>

/** Rows (or their weight) by truth and prediction; the cell of truth t and prediction p is at t × classes + p. */
export interface Confusion {
  readonly cells: ArrayLike<number>
  readonly classes: number
  /** The class that precision, recall and f1 are about. */
  readonly positive: number
  /** The classes that some row has or was predicted, whatever it weighs: those that f1_macro is the mean over. */
  readonly present: readonly number[]
}

/** What a label metric is a function of, with the sum of squared weights of each cell for its effective rows. */
export interface Tally extends Confusion {
  readonly metric: LabelMetric
  readonly squares: ArrayLike<number>
}

interface Margins {
  readonly truth: Float64Array
  readonly predicted: Float64Array
  readonly right: Float64Array
  readonly total: number
}

function marginsOf({ cells, classes }: Confusion): Margins {
  const [truth, predicted, right] = [new Float64Array(classes), new Float64Array(classes), new Float64Array(classes)]
  let total = 0
  for (let t = 0; t < classes; t++) {
    for (let p = 0; p < classes; p++) {
      const rows = cells[t * classes + p] ?? 0
      truth[t] = (truth[t] ?? 0) + rows
      predicted[p] = (predicted[p] ?? 0) + rows
      if (t === p) right[t] = rows
      total += rows
    }
  }
  return { truth, predicted, right, total }
}

/** scikit-learn's `zero_division=0`. */
function ratio(numerator: number, denominator: number): number {
  return denominator === 0 ? 0 : numerator / denominator
}

function dot(a: Float64Array, b: Float64Array): number {
  return a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0)
}

function sum(values: Float64Array): number {
  return values.reduce((total, value) => total + value, 0)
}

function f1Of({ truth, predicted, right }: Margins, label: number): number {
  return ratio(2 * (right[label] ?? 0), (truth[label] ?? 0) + (predicted[label] ?? 0))
}

function meanOver(labels: readonly number[], value: (label: number) => number): number {
  return labels.reduce((total, label) => total + value(label), 0) / labels.length
}

/** Multiclass Matthews correlation (Gorodkin 2004); 0 when one side has a single class, as in scikit-learn. */
function matthews({ truth, predicted, right, total }: Margins): number {
  const covariance = sum(right) * total - dot(truth, predicted)
  const truthVariance = total * total - dot(truth, truth)
  const predictedVariance = total * total - dot(predicted, predicted)
  return truthVariance * predictedVariance === 0 ? 0 : covariance / Math.sqrt(truthVariance * predictedVariance)
}

/** Cohen's kappa; undefined when truth and predictions hold one and the same class. */
function kappa({ truth, predicted, right, total }: Margins): number {
  const expected = dot(truth, predicted) / total
  return (sum(right) - expected) / (total - expected)
}

const formulas: Readonly<Record<LabelMetric, (margins: Margins, confusion: Confusion) => number>> = {
  accuracy: ({ right, total }) => sum(right) / total,
  balanced_accuracy({ truth, right }) {
    const seen = [...truth.keys()].filter((label) => (truth[label] ?? 0) > 0)
    return meanOver(seen, (label) => (right[label] ?? 0) / (truth[label] ?? 0))
  },
  precision: ({ predicted, right }, { positive }) => ratio(right[positive] ?? 0, predicted[positive] ?? 0),
  recall: ({ truth, right }, { positive }) => ratio(right[positive] ?? 0, truth[positive] ?? 0),
  f1: (margins, { positive }) => f1Of(margins, positive),
  f1_macro: (margins, { present }) => meanOver(present, (label) => f1Of(margins, label)),
  matthews_corrcoef: matthews,
  cohen_kappa: kappa,
}

/** A label metric from the confusion matrix alone; NaN where undefined. */
export function labelMetric(metric: LabelMetric, confusion: Confusion): number {
  return formulas[metric](marginsOf(confusion), confusion)
}

/** ∂ metric / ∂ cell for the cells that hold rows, by central differences relative to the cell. */
export function labelGradient(metric: LabelMetric, confusion: Confusion): Float64Array {
  const cells = Float64Array.from(confusion.cells)
  return cells.map((rows, cell) => {
    if (rows === 0) return 0
    const step = rows * 1e-5
    const at = (shifted: number) => {
      cells[cell] = shifted
      return labelMetric(metric, { ...confusion, cells })
    }
    const slope = (at(rows + step) - at(rows - step)) / (2 * step)
    cells[cell] = rows
    return slope
  })
}

/**
 * The least and the greatest value when rows of one cell were predicted otherwise, as many as the cell's effective rows
 * may hide with probability alpha: as their own class, as the rarest prediction or as the commonest.
 */
export function unseenLabels(tally: Tally): (alpha: number) => readonly [number, number] {
  const { metric, cells, squares, classes, present } = tally
  const margins = marginsOf(tally)
  const value = formulas[metric](margins, tally)
  const order = [...present].sort((a, b) => (margins.predicted[a] ?? 0) - (margins.predicted[b] ?? 0))
  const usual = [order[0] ?? 0, order.at(-1) ?? 0]
  return (alpha) => {
    let [least, most] = [value, value]
    for (let cell = 0; cell < cells.length; cell++) {
      const weight = cells[cell] ?? 0
      if (weight === 0) continue
      const moved = weight * unseenShare(alpha, weight ** 2 / (squares[cell] ?? 0))
      const [truth, predicted] = [Math.floor(cell / classes), cell % classes]
      for (const target of new Set([truth, ...usual])) {
        if (target === predicted) continue
        const other = formulas[metric](moveRows(margins, { truth, predicted, target, moved }), tally)
        if (other < least) least = other
        if (other > most) most = other
      }
    }
    return [least, most]
  }
}

interface Move {
  readonly truth: number
  readonly predicted: number
  readonly target: number
  readonly moved: number
}

function moveRows(margins: Margins, { truth, predicted, target, moved }: Move): Margins {
  const [toward, right] = [margins.predicted.slice(), margins.right.slice()]
  toward[predicted] = (toward[predicted] ?? 0) - moved
  toward[target] = (toward[target] ?? 0) + moved
  if (predicted === truth) right[truth] = (right[truth] ?? 0) - moved
  if (target === truth) right[truth] = (right[truth] ?? 0) + moved
  return { ...margins, predicted: toward, right }
}

/** Confusion matrix of class indices as `[truth][predicted]`, in rows or in weight. */
export function confusion(
  truth: ArrayLike<number>,
  predicted: ArrayLike<number>,
  classes: number,
  weights?: ArrayLike<number>,
): readonly Float64Array[] {
  const matrix = Array.from({ length: classes }, () => new Float64Array(classes))
  for (let i = 0; i < truth.length; i++) {
    const row = matrix[truth[i] ?? -1]
    const label = predicted[i] ?? -1
    if (!row || row[label] === undefined) throw new RangeError(`row ${i} has a class outside 0…${classes - 1}`)
    row[label] += weights ? (weights[i] ?? 0) : 1
  }
  return matrix
}

/** The classes that are somewhere among truth and predictions. */
function classesIn(truth: ArrayLike<number>, predicted: ArrayLike<number>): number[] {
  const present = new Set<number>()
  for (let i = 0; i < truth.length; i++) present.add(truth[i] ?? 0).add(predicted[i] ?? 0)
  return [...present]
}

/** A label metric as a function of row weights. */
export function labelStatistic(
  metric: LabelMetric,
  truth: ArrayLike<number>,
  predicted: ArrayLike<number>,
  { classes, positive }: Pick<Confusion, 'classes' | 'positive'>,
): RowStatistic {
  const present = classesIn(truth, predicted)
  const cellOf = new Int32Array(truth.length)
  for (let i = 0; i < cellOf.length; i++) cellOf[i] = (truth[i] ?? 0) * classes + (predicted[i] ?? 0)
  const confusionOf = (weights: Float64Array): Confusion => {
    const cells = new Float64Array(classes * classes)
    for (let i = 0; i < cellOf.length; i++) {
      const cell = cellOf[i] ?? 0
      cells[cell] = (cells[cell] ?? 0) + (weights[i] ?? 0)
    }
    return { cells, classes, positive, present }
  }
  const tally = (weights: Float64Array): Tally => ({
    ...confusionOf(weights),
    metric,
    squares: confusionOf(weights.map((weight) => weight * weight)).cells,
  })
  return {
    value: (weights) => labelMetric(metric, confusionOf(weights)),
    tally,
    unseen: (weights) => unseenLabels(tally(weights)),
    gradient(weights) {
      const slopes = labelGradient(metric, confusionOf(weights))
      return weights.map((_, i) => slopes[cellOf[i] ?? 0] ?? 0)
    },
  }
}
