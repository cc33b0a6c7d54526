import { expect, test } from 'vitest'
import expected from '../../fixtures/metrics.json' with { type: 'json' }
import { classification, regression } from '../../fixtures/samples.ts'
import { calibration } from './calibration.ts'
import { confusion } from './label.ts'
import { measure, statisticOf } from './measure.ts'
import { isMetricName, type MetricName, metrics } from './table.ts'

function valueBy(metric: string, predictions: number[], observations: Parameters<typeof measure>[2]): number | null {
  if (!isMetricName(metric)) throw new Error(`unknown metric ${metric}`)
  return measure(metric, predictions, observations).value
}

/** scikit-learn keeps about this much when it sums in another order. */
const tolerance = 1e-12

function differences(actual: Record<string, number | null>, values: Record<string, number>) {
  return Object.entries(values).filter(([metric, value]) => {
    const ours = actual[metric] ?? Number.NaN
    return !(Math.abs(ours - value) <= tolerance * Math.max(1, Math.abs(value)))
  })
}

test.each(expected.classification)(
  'classification metrics are those of scikit-learn: $rows rows, $classes classes, weighted $weighted',
  ({ seed, rows, classes, weighted, values }) => {
    const { truth, predicted, scores, weights } = classification(seed, rows, classes)
    const observations = { truth, classes, positive: 1, ...(weighted ? { weights } : {}) }
    const actual = Object.fromEntries(
      Object.keys(values).map((metric) => {
        const needs = isMetricName(metric) ? metrics[metric].needs : 'label'
        return [metric, valueBy(metric, needs === 'label' ? predicted : scores, observations)]
      }),
    )
    expect(differences(actual, values)).toEqual([])
  },
)

test.each(expected.unweighed)(
  'a class whose rows all weigh nothing is still a class, as in scikit-learn: $rows rows, $classes classes',
  ({ seed, rows, classes, unweighedClass, values }) => {
    const { truth, predicted, weights: some } = classification(seed, rows, classes)
    const weights = some.map((weight, i) => ([truth[i], predicted[i]].includes(unweighedClass) ? 0 : weight))
    const observations = { truth, classes, positive: 1, weights }
    const actual = Object.fromEntries(
      Object.keys(values).map((metric) => [metric, valueBy(metric, predicted, observations)]),
    )
    expect(differences(actual, values)).toEqual([])
  },
)

test.each(expected.regression)(
  'regression metrics are those of scikit-learn: $rows rows, weighted $weighted',
  ({ seed, rows, weighted, values }) => {
    const { truth, predicted, weights } = regression(seed, rows)
    const observations = { truth, quantile: 0.9, ...(weighted ? { weights } : {}) }
    const actual = Object.fromEntries(
      Object.keys(values).map((metric) => [metric, valueBy(metric, predicted, observations)]),
    )
    expect(differences(actual, values)).toEqual([])
  },
)

const rows = Array.from({ length: 200 }, (_, i) => ({ u: (37 * i) % 200, v: (61 * i) % 97, w: (29 * i) % 101 }))
const truth = rows.map(({ u, w }) => Number(u + 2 * w > 210))
const a = rows.map(({ u }) => (u + 0.5) / 200)
const b = rows.map(({ u, v, w }) => (0.7 * u + 0.9 * w + 0.3 * v) / 260)
const labels = (scores: number[]) => scores.map((score) => Number(score >= 0.5))

test.each([
  ['roc_auc', a, 0.814326298701],
  ['average_precision', a, 0.752676709327],
  ['log_loss', a, 0.540406160216],
  ['brier_score', a, 0.17843125],
  ['accuracy', labels(a), 0.74],
  ['f1', labels(a), 0.723404255319],
  ['f1_macro', labels(a), 0.739060618226],
  ['matthews_corrcoef', labels(a), 0.483493778415],
  ['roc_auc', b, 0.965604707792],
  ['average_precision', b, 0.959674434346],
  ['log_loss', b, 0.464667396816],
  ['brier_score', b, 0.14366841642],
  ['accuracy', labels(b), 0.86],
  ['f1', labels(b), 0.849462365591],
  ['matthews_corrcoef', labels(b), 0.722967806754],
] as const)('%s has its golden value', (metric, predictions, value) => {
  expect(measure(metric, predictions, { truth }).value).toBeCloseTo(value, 11)
})

test('ece over ten bins, equally wide or equally full, has its golden values', () => {
  expect(measure('ece', a, { truth, bins: 10 }).value).toBeCloseTo(0.07, 12)
  expect(measure('ece', b, { truth, bins: 10 }).value).toBeCloseTo(0.213198076923, 11)
  expect(measure('ece', b, { truth, bins: 10, binning: 'count' }).value).toBeCloseTo(0.255044230769, 11)
})

test('ece of several classes is about the most probable one', () => {
  const scores = [0.8, 0.1, 0.1, 0.2, 0.7, 0.1, 0.3, 0.3, 0.4]
  // Right at 0.8, right at 0.7, wrong at 0.4; each alone in its bin of fifteen.
  const value = (0.2 + 0.3 + 0.4) / 3
  expect(measure('ece', scores, { truth: [0, 1, 0], classes: 3 }).value).toBeCloseTo(value, 14)
})

test('the calibration bins give counts, mean score and observed share, and leave empty bins out', () => {
  expect(calibration([0, 1, 1, 1], [0.1, 0.15, 0.3, 1], 10)).toEqual([
    { lower: 0.1, upper: 0.2, rows: 2, meanScore: 0.125, observed: 0.5 },
    { lower: 0.3, upper: 0.4, rows: 1, meanScore: 0.3, observed: 1 },
    { lower: 0.9, upper: 1, rows: 1, meanScore: 1, observed: 1 },
  ])
  const byCount = calibration([0, 1, 1, 1], [0.1, 0.15, 0.3, 1], 2, 'count', [1, 3, 1, 1])
  expect(byCount).toEqual([
    { lower: 0.1, upper: 0.15, rows: 2, meanScore: expect.closeTo(0.1375, 14), observed: 0.75 },
    { lower: 0.3, upper: 1, rows: 2, meanScore: 0.65, observed: 1 },
  ])
})

test('the confusion matrix has truth in rows and predictions in columns', () => {
  expect(confusion([0, 0, 1, 2], [0, 1, 1, 1], 3).map((row) => Array.from(row))).toEqual([
    [1, 1, 0],
    [0, 1, 0],
    [0, 1, 0],
  ])
  expect(() => confusion([3], [0], 3)).toThrow(RangeError)
})

test.each([
  ['roc_auc', [0.2, 0.4], [1, 1], 'all rows have one class'],
  ['average_precision', [0.2, 0.4], [0, 0], 'all rows have one class'],
  ['cohen_kappa', [1, 1], [1, 1], 'the metric is undefined on these rows'],
  ['log_loss', [0.2, 1.4], [0, 1], 'the scores are not probabilities'],
  ['accuracy', [0, 2], [0, 1], 'the predictions have a class that is not listed'],
  ['rmse', [0, Number.NaN], [0, 1], 'the predictions have missing or infinite values'],
  ['r2', [1], [1], 'r2 needs two rows'],
  ['mae', [], [], 'there are no rows'],
] as const)('%s of %o against %o is undefined, with the reason', (metric, predictions, truth, reason) => {
  expect(measure(metric, predictions, { truth })).toEqual({ value: null, reason })
})

test('precision of three classes needs the class it is about', () => {
  const observations = { truth: [0, 1, 2, 2], classes: 3 }
  expect(measure('precision', [0, 1, 1, 2], observations).value).toBeNull()
  expect(measure('precision', [0, 1, 1, 2], { ...observations, positive: 1 }).value).toBe(0.5)
})

test('metrics at their edges are those of scikit-learn', () => {
  expect(measure('precision', [0, 0], { truth: [0, 1] }).value).toBe(0)
  expect(measure('r2', [3, 3], { truth: [3, 3] }).value).toBe(1)
  expect(measure('r2', [3, 4], { truth: [3, 3] }).value).toBe(0)
  expect(measure('matthews_corrcoef', [1, 1], { truth: [0, 1] }).value).toBe(0)
  expect(measure('roc_auc', [0.5, 0.5, 0.5], { truth: [0, 1, 1] }).value).toBe(0.5)
  expect(measure('log_loss', [0], { truth: [1] }).value).toBeCloseTo(52 * Math.LN2, 12)
})

test("a wrong number of predictions is the caller's mistake and throws", () => {
  expect(() => measure('mae', [1], { truth: [1, 2] })).toThrow(RangeError)
  expect(() => measure('log_loss', [0.5, 0.5], { truth: [0, 1], classes: 3 })).toThrow(RangeError)
})

test('every gradient is the derivative of its metric by the weight of a row', () => {
  const data = classification(41, 30, 2)
  const values = regression(42, 30)
  for (const metric of Object.keys(metrics) as MetricName[]) {
    const { needs } = metrics[metric]
    const predictions = {
      label: data.predicted,
      score: data.scores.map((s) => 0.01 + 0.97 * s),
      value: values.predicted,
    }
    const observed = needs === 'value' ? { truth: values.truth } : { truth: data.truth }
    const statistic = statisticOf(metric, predictions[needs], observed)
    if ('reason' in statistic) throw new Error(statistic.reason)
    const weights = Float64Array.from(data.weights)
    const gradient = statistic.gradient(weights)
    for (const row of [0, 7, 19]) {
      const at = (step: number) => statistic.value(weights.map((weight, i) => (i === row ? weight + step : weight)))
      const slope = (at(1e-5) - at(-1e-5)) / 2e-5
      expect(Math.abs((gradient[row] ?? 0) - slope), metric).toBeLessThan(1e-6 * Math.max(1, Math.abs(slope)))
    }
  }
})
