import type { LabelMetric } from '../metrics/label.ts'
import { measured, type Observations, rowsOf, statisticOf, weightsOf } from '../metrics/measure.ts'
import { effectiveRows, type RowStatistic } from '../metrics/statistic.ts'
import { type MetricName, metrics } from '../metrics/table.ts'
import { type Bounds, exactBounds, intervalOf, type RelativeBounds } from './bounds.ts'
import { inferArea } from './delong.ts'
import { type Inference, noInference } from './inference.ts'
import { inferLabels } from './labels.ts'
import { inferRows } from './rows.ts'

export interface ComparisonInput extends Observations {
  readonly metric: MetricName
  readonly candidate: ArrayLike<number>
  /** Predictions of the baseline for the same rows in the same order. */
  readonly baseline?: ArrayLike<number>
  /** Seed of the resampling, 32 bits. */
  readonly seed: number
  /** Of the two-sided intervals, 0.95 unless given. */
  readonly confidence?: number
  /** Number of resamples, where the method resamples. */
  readonly resamples?: number
}

export interface Comparison {
  readonly metric: MetricName
  readonly rows: number
  readonly candidate: number | null
  readonly baseline: number | null
  /** Candidate minus baseline. */
  readonly difference: number | null
  /** Of the difference. */
  readonly interval: readonly [number, number] | null
  readonly candidateInterval: readonly [number, number] | null
  readonly baselineInterval: readonly [number, number] | null
  /** Two-sided, of no difference. */
  readonly pValue: number | null
  /** How the difference was judged; empty without a baseline. */
  readonly method: string
  /** How the candidate alone was judged. */
  readonly candidateMethod: string
  /** Why something above is null. */
  readonly reason: string | null
  /** One-sided bounds at any alpha, for the decision; functions, not for a document. */
  readonly bounds: {
    readonly candidate: Bounds | null
    readonly difference: Bounds | null
    /** Of the difference against a share of the baseline; null without a baseline. */
    readonly relative: RelativeBounds | null
  }
}

/** A metric of a candidate with its interval, and of the difference from a baseline on the same rows with its own. */
export function compareMetric(input: ComparisonInput): Comparison {
  const weights = weightsOf(input)
  const candidate = read(input.candidate, input, weights)
  const baseline = input.baseline ? read(input.baseline, input, weights) : null
  const inference = withTwin(infer(candidate, baseline, input, weights), input, candidate.value)
  const confidence = input.confidence ?? 0.95
  const intervals = {
    interval: intervalOf(inference.difference, confidence),
    candidateInterval: intervalOf(inference.candidate, confidence),
    baselineInterval: intervalOf(inference.baseline, confidence),
  }
  const baselineReason = baseline?.value === null ? `baseline: ${baseline.reason}` : null
  const known = candidate.value !== null && baseline !== null && baseline.value !== null
  return {
    metric: input.metric,
    rows: input.truth.length,
    candidate: candidate.value,
    baseline: baseline?.value ?? null,
    difference: known ? candidate.value - baseline.value : null,
    ...intervals,
    pValue: inference.pValue,
    method: inference.method,
    candidateMethod: inference.candidateMethod,
    reason: inference.reason ?? baselineReason ?? unreached(inference, intervals),
    bounds: { candidate: inference.candidate, difference: inference.difference, relative: inference.relative },
  }
}

/** Very skewed metrics of few rows: the bound lies beyond the last resample. */
function unreached(inference: Inference, intervals: Pick<Comparison, 'interval' | 'candidateInterval'>): string | null {
  const open = (inference.candidate && !intervals.candidateInterval) || (inference.difference && !intervals.interval)
  return open ? 'too few rows for so skewed a metric: an end of the interval lies beyond every resample' : null
}

type Reading =
  | {
      readonly value: number
      readonly statistic: RowStatistic
      readonly predictions: ArrayLike<number>
    }
  | { readonly value: null; readonly reason: string }

function read(predictions: ArrayLike<number>, input: ComparisonInput, weights: Float64Array): Reading {
  const statistic = statisticOf(input.metric, predictions, input)
  if ('reason' in statistic) return { value: null, reason: statistic.reason }
  const result = measured(statistic, weights)
  return result.value === null ? result : { value: result.value, statistic, predictions }
}

function infer(candidate: Reading, other: Reading | null, input: ComparisonInput, weights: Float64Array): Inference {
  if (candidate.value === null) return noInference(candidate.reason)
  const baseline = other === null || other.value === null ? null : other
  const { metric, seed } = input
  const classes = input.classes ?? 2
  const range = rangeOf(metric, classes)
  const resamples = input.resamples === undefined ? {} : { resamples: input.resamples }
  if (metrics[metric].needs === 'label' && !input.weights) {
    const options = { metric: metric as LabelMetric, classes, positive: input.positive ?? 1, range, seed, ...resamples }
    return inferLabels(input.truth, candidate.predictions, baseline?.predictions ?? null, options)
  }
  const [first, second] = [candidate.statistic, baseline?.statistic ?? null]
  if (first.placements) {
    const place = second?.placements?.(weights) ?? null
    return inferArea(first.placements(weights), place, { positive: rowsOf(input.truth, 1), weights })
  }
  const isRanked = metric === 'roc_auc' || metric === 'average_precision'
  const options = {
    range,
    weights,
    seed,
    influenceOnly: metric === 'roc_auc',
    ...(isRanked ? { smallestClass: smallestClass(input.truth, weights, classes) } : {}),
    isLossBounded: metric === 'brier_score' || metric === 'log_loss',
    ...resamples,
  }
  return inferRows(first, second, options)
}

/** Effective rows of the smallest class. */
function smallestClass(truth: ArrayLike<number>, weights: Float64Array, classes: number): number {
  const sizes = Array.from({ length: classes }, (_, label) => effectiveRows(weights, (row) => truth[row] === label))
  return Math.min(...sizes)
}

function rangeOf(metric: MetricName, classes: number): readonly [number, number] {
  return metric === 'brier_score' && classes === 2 ? [0, 1] : metrics[metric].range
}

/** A model is the baseline's twin where it says the same of every row, and could have said more than a few things. */
function withTwin(inference: Inference, input: ComparisonInput, candidate: number | null): Inference {
  if (!inference.difference || !input.baseline || !areTwins(input.candidate, input.baseline, input.metric))
    return inference
  return {
    ...inference,
    baseline: inference.candidate,
    difference: exactBounds(0),
    relative: (share) => exactBounds(-share * Math.abs(candidate ?? 0)),
    pValue: 1,
    method: 'identical predictions',
  }
}

/**
 * Two models may have the same labels, or the same few scores, by chance and differ on the next row; not so more
 * than this many different scores or values.
 */
const fewValues = 20

function areTwins(a: ArrayLike<number>, b: ArrayLike<number>, metric: MetricName): boolean {
  if (a.length !== b.length || metrics[metric].needs === 'label') return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  const values = new Set<number>()
  for (let i = 0; i < a.length && values.size <= fewValues; i++) values.add(a[i] ?? 0)
  return values.size > fewValues
}
