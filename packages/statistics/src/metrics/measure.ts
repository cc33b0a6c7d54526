import { type Binning, expectedCalibrationError } from './calibration.ts'
import { type LabelMetric, labelStatistic } from './label.ts'
import {
  absoluteErrors,
  brierLosses,
  determination,
  largestPercentage,
  leastProbability,
  logLosses,
  meanLoss,
  percentageErrors,
  pinballLosses,
  reachOf,
  rootMeanLoss,
  squaredErrors,
} from './loss.ts'
import { averagePrecision, rocArea } from './ranking.ts'
import { meanOf, type RowStatistic, sumOf } from './statistic.ts'
import { type MetricName, metrics } from './table.ts'

/** What is known about the rows besides the predictions. */
export interface Observations {
  /** Class index 0…classes − 1, or the value for regression. */
  readonly truth: ArrayLike<number>
  /** Non-negative weight of each row. */
  readonly weights?: ArrayLike<number>
  /** 2 unless given. */
  readonly classes?: number
  /** Class that precision, recall and f1 are about: 1 for two classes, must be given for more. */
  readonly positive?: number
  /** Bins of `ece`, 15 unless given. */
  readonly bins?: number
  /** How `ece` bins, by equal width unless given. */
  readonly binning?: Binning
  /** Which quantile `pinball_loss` is about, 0.5 unless given. */
  readonly quantile?: number
}

export type Measured = { readonly value: number } | { readonly value: null; readonly reason: string }

/**
 * A metric of one model. Predictions are a class index per row (`needs: 'label'`); P(class 1) per row for two
 * classes, else rows × classes probabilities row by row (`needs: 'score'`); or a value per row (`needs: 'value'`).
 * With more than two classes, `roc_auc` and `average_precision` are means over one-against-rest, `ece` is about the
 * most probable class. Undefined metrics come with the reason; predictions of a wrong length throw a RangeError.
 */
export function measure(metric: MetricName, predictions: ArrayLike<number>, observations: Observations): Measured {
  const statistic = statisticOf(metric, predictions, observations)
  if ('reason' in statistic) return { value: null, reason: statistic.reason }
  return measured(statistic, weightsOf(observations))
}

export function measured(statistic: RowStatistic, weights: Float64Array): Measured {
  const value = statistic.value(weights)
  if (Number.isFinite(value)) return { value }
  return { value: null, reason: 'the metric is undefined on these rows' }
}

export function weightsOf({ truth, weights }: Observations): Float64Array {
  return weights ? Float64Array.from(weights) : new Float64Array(truth.length).fill(1)
}

/** The metric as a function of row weights, or why it is undefined on these rows. */
export function statisticOf(
  metric: MetricName,
  predictions: ArrayLike<number>,
  observations: Observations,
): RowStatistic | { readonly reason: string } {
  const classes = observations.classes ?? 2
  const { needs } = metrics[metric]
  const perRow = needs === 'score' && classes > 2 ? classes : 1
  if (predictions.length !== observations.truth.length * perRow) {
    throw new RangeError(`${predictions.length} predictions for ${observations.truth.length} rows`)
  }
  const reason = unusable(metric, predictions, observations, classes)
  if (reason) return { reason }
  if (needs === 'value') return valueStatistic(metric, predictions, observations)
  return needs === 'score'
    ? scoreStatistic(metric, predictions, observations, classes)
    : ofLabels(metric, predictions, observations, classes)
}

function unusable(
  metric: MetricName,
  predictions: ArrayLike<number>,
  { truth, weights }: Observations,
  classes: number,
): string | undefined {
  if (truth.length === 0) return 'there are no rows'
  if (!every(truth, Number.isFinite)) return 'the truth has missing or infinite values'
  if (!every(predictions, Number.isFinite)) return 'the predictions have missing or infinite values'
  if (weights && !every(weights, (weight) => weight >= 0 && weight < Number.POSITIVE_INFINITY)) {
    return 'the weights are not all non-negative numbers'
  }
  if (weights && sumOf(Float64Array.from(weights)) === 0) return 'all weights are zero'
  const { needs } = metrics[metric]
  const isClass = (label: number) => Number.isInteger(label) && label >= 0 && label < classes
  if (needs !== 'value' && !every(truth, isClass)) return 'the truth has a class that is not listed'
  if (needs === 'label' && !every(predictions, isClass)) return 'the predictions have a class that is not listed'
  const needsProbability = metric === 'log_loss' || metric === 'brier_score' || metric === 'ece'
  if (needsProbability && !every(predictions, (p) => p >= 0 && p <= 1)) return 'the scores are not probabilities'
  return undefined
}

function every(values: ArrayLike<number>, holds: (value: number) => boolean): boolean {
  for (let i = 0; i < values.length; i++) if (!holds(values[i] ?? Number.NaN)) return false
  return true
}

function ofLabels(metric: MetricName, predictions: ArrayLike<number>, observations: Observations, classes: number) {
  const positive = observations.positive ?? (classes === 2 ? 1 : undefined)
  if (positive === undefined && (metric === 'precision' || metric === 'recall' || metric === 'f1')) {
    return { reason: `${metric} of more than two classes needs the class it is about` }
  }
  return labelStatistic(metric as LabelMetric, observations.truth, predictions, { classes, positive: positive ?? 1 })
}

function valueStatistic(metric: MetricName, predictions: ArrayLike<number>, observations: Observations) {
  const truth = Float64Array.from(observations.truth)
  const [reach, quantile] = [reachOf(truth), observations.quantile ?? 0.5]
  if (metric === 'rmse') return rootMeanLoss(squaredErrors(truth, predictions), reach ** 2)
  if (metric === 'mae') return meanLoss(absoluteErrors(truth, predictions), reach)
  if (metric === 'mape') return meanLoss(percentageErrors(truth, predictions), largestPercentage(truth, reach))
  if (metric === 'pinball_loss')
    return meanLoss(pinballLosses(truth, predictions, quantile), Math.max(quantile, 1 - quantile) * reach)
  return truth.length < 2 ? { reason: 'r2 needs two rows' } : determination(truth, predictions)
}

function scoreStatistic(
  metric: MetricName,
  predictions: ArrayLike<number>,
  observations: Observations,
  classes: number,
): RowStatistic | { readonly reason: string } {
  const truth = Float64Array.from(observations.truth)
  const probability = (row: number, label: number) => {
    if (classes > 2) return predictions[row * classes + label] ?? 0
    return label === 1 ? (predictions[row] ?? 0) : 1 - (predictions[row] ?? 0)
  }
  if (metric === 'log_loss') return meanLoss(logLosses(truth, probability), -Math.log(leastProbability))
  if (metric === 'brier_score') return meanLoss(brierLosses(truth, classes, probability), classes === 2 ? 1 : 2)
  if (metric === 'ece') return calibrationStatistic(truth, probability, observations, classes)
  const curve = metric === 'roc_auc' ? rocArea : averagePrecision
  const present = new Set(truth)
  if (present.size < 2) return { reason: 'all rows have one class' }
  if (present.size < classes) return { reason: 'a class has no rows' }
  const about = (label: number) =>
    curve(
      truth.map((_, row) => probability(row, label)),
      rowsOf(truth, label),
    )
  return classes === 2 ? about(1) : meanOf(Array.from({ length: classes }, (_, label) => about(label)))
}

/** 1 in the rows of a class, else 0. */
export function rowsOf(truth: ArrayLike<number>, label: number): Uint8Array {
  const flags = new Uint8Array(truth.length)
  for (let i = 0; i < flags.length; i++) flags[i] = Number(truth[i] === label)
  return flags
}

function calibrationStatistic(
  truth: Float64Array,
  probability: (row: number, label: number) => number,
  { bins = 15, binning = 'width' }: Observations,
  classes: number,
): RowStatistic {
  const about = truth.map((_, row) => (classes === 2 ? 1 : mostProbable(row, classes, probability)))
  const scores = about.map((label, row) => probability(row, label))
  const events = Uint8Array.from(about, (label, row) => Number(label === truth[row]))
  return expectedCalibrationError(events, scores, bins, binning)
}

function mostProbable(row: number, classes: number, probability: (row: number, label: number) => number): number {
  let best = 0
  for (let label = 1; label < classes; label++) if (probability(row, label) > probability(row, best)) best = label
  return best
}
