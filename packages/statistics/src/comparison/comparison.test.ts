import { expect, test } from 'vitest'
import expected from '../../fixtures/comparison.json' with { type: 'json' }
import { classification, regression, sample } from '../../fixtures/samples.ts'
import { placements, tieGroups } from '../metrics/ranking.ts'
import { type MetricName, metrics } from '../metrics/table.ts'
import { intervalOf, normalBounds, pValueAbove, pValueBelow } from './bounds.ts'
import { type ComparisonInput, compareMetric } from './compare.ts'
import { delong } from './delong.ts'
import { boundGap } from './gap.ts'
import { benjaminiHochberg, holm } from './multiple.ts'
import { exactProportion, mcnemarExact, pairedBounds } from './proportion.ts'

const rows = Array.from({ length: 200 }, (_, i) => ({ u: (37 * i) % 200, v: (61 * i) % 97, w: (29 * i) % 101 }))
const truth = rows.map(({ u, w }) => Number(u + 2 * w > 210))
const a = rows.map(({ u }) => (u + 0.5) / 200)
const b = rows.map(({ u, v, w }) => (0.7 * u + 0.9 * w + 0.3 * v) / 260)
const labels = (scores: number[]) => scores.map((score) => Number(score >= 0.5))

// The variances are the pairwise definition evaluated in NumPy; the covariance, z and p are published beside it.
test('DeLong has its golden variances, covariance and p-value', () => {
  const weights = new Float64Array(200).fill(1)
  const place = (scores: number[]) => placements(tieGroups(Float64Array.from(scores)), Uint8Array.from(truth), weights)
  const result = delong(place(a), place(b), { positive: Uint8Array.from(truth), weights })
  expect(result.candidate.variance).toBeCloseTo(0.0008972434243, 13)
  expect(result.baseline.variance).toBeCloseTo(0.00010702014377134, 15)
  expect(result.covariance).toBeCloseTo(0.0002446505899, 13)
  const comparison = compareMetric({ metric: 'roc_auc', truth, candidate: a, baseline: b, seed: 1 })
  expect((comparison.pValue ?? 0) / 2.6221e-11).toBeCloseTo(1, 4)
  // The difference over z = −6.666366608783 is the standard error.
  const error = ((comparison.difference ?? 0) / -6.666366608783) * 1.959963984540054
  expect(comparison.interval?.[0]).toBeCloseTo((comparison.difference ?? 0) - error, 11)
  expect(comparison.interval?.[1]).toBeCloseTo((comparison.difference ?? 0) + error, 11)
})

test('placements with ties are the pairwise definition', () => {
  const { truth, scores } = classification(77, 90, 2)
  const positive = Uint8Array.from(truth)
  const result = placements(tieGroups(Float64Array.from(scores)), positive, new Float64Array(90).fill(1))
  const beats = (x: number, y: number) => (x > y ? 1 : x === y ? 0.5 : 0)
  scores.forEach((score, i) => {
    const others = scores.filter((_, j) => positive[j] !== positive[i])
    const wins = others.map((other) => (positive[i] === 1 ? beats(score, other) : beats(other, score)))
    const share = wins.reduce<number>((sum, win) => sum + win, 0) / others.length
    expect(result.placements[i]).toBeCloseTo(share, 13)
  })
})

test('McNemar is exact', () => {
  for (const [gained = 0, lost = 0, p = 0] of expected.mcnemar) {
    expect(mcnemarExact({ gained, lost }) / p).toBeCloseTo(1, 11)
  }
  expect(mcnemarExact({ gained: 3, lost: 27 })).toBeCloseTo(8.4303319454e-6, 15)
  expect(mcnemarExact({ gained: 0, lost: 0 })).toBe(1)
  const comparison = compareMetric({ metric: 'accuracy', truth, candidate: labels(a), baseline: labels(b), seed: 1 })
  expect(comparison.pValue).toBeCloseTo(8.4303319454e-6, 15)
  expect(comparison.difference).toBeCloseTo(-0.12, 14)
})

test("the interval of a proportion is Clopper and Pearson's, that of a difference Tango's", () => {
  for (const [gained = 0, lost = 0, n = 0, lower, upper] of expected.tango) {
    const interval = intervalOf(pairedBounds({ both: n - gained - lost, gained, lost, neither: 0 }), 0.95)
    expect(interval?.[0]).toBeCloseTo(lower ?? Number.NaN, 6)
    expect(interval?.[1]).toBeCloseTo(upper ?? Number.NaN, 6)
  }
  const proportions = expected.exact.map(([successes = 0, n = 1, ...ends]) => [successes / n, n, ...ends])
  for (const [share = 0, trials = 0, lower, upper] of [...proportions, ...expected.kornGraubard]) {
    const interval = intervalOf(exactProportion(share, trials), 0.95)
    expect(interval?.[0]).toBeCloseTo(lower ?? Number.NaN, 10)
    expect(interval?.[1]).toBeCloseTo(upper ?? Number.NaN, 10)
  }
})

/** Enough for the tests of form; the number of resamples is otherwise the method's own. */
const resamples = 999

function inputFor(metric: MetricName, n: number, seed: number): ComparisonInput {
  const { needs } = metrics[metric]
  const [data, other] = [classification(seed, n, 2), classification(seed + 1, n, 2)]
  if (needs === 'value') {
    const { truth: low, predicted: near } = regression(seed, n)
    // Away from zero, where percentage errors explode.
    const [truth, predicted] = [low.map((y) => y + 10), near.map((y) => y + 10)]
    const baseline = predicted.map((x, i) => x + (i % 3) / 4)
    return { metric, truth, candidate: predicted, baseline, seed, resamples }
  }
  const mixed = data.scores.map((score, i) => (score + (other.scores[i] ?? 0)) / 2)
  return needs === 'label'
    ? { metric, truth: data.truth, candidate: data.predicted, baseline: other.predicted, seed, resamples }
    : { metric, truth: data.truth, candidate: data.scores, baseline: mixed, seed, resamples }
}

const names = Object.keys(metrics) as MetricName[]

test.each(names)('%s: estimates lie in their intervals, bounds nest, and equal seeds give equal results', (metric) => {
  const input = inputFor(metric, 300, 5)
  const comparison = compareMetric(input)
  expect(comparison.reason).toBeNull()
  for (const [value, interval] of [
    [comparison.candidate, comparison.candidateInterval],
    [comparison.baseline, comparison.baselineInterval],
    [comparison.difference, comparison.interval],
  ] as const) {
    if (metric !== 'ece') expect(value).toBeGreaterThanOrEqual(interval?.[0] ?? Number.NaN)
    if (metric !== 'ece') expect(value).toBeLessThanOrEqual(interval?.[1] ?? Number.NaN)
    expect(interval?.[0]).toBeLessThan(interval?.[1] ?? Number.NaN)
  }
  const { difference } = comparison.bounds
  expect(difference?.lower(0.005)).toBeLessThan(difference?.lower(0.2) ?? Number.NaN)
  expect(difference?.upper(0.005)).toBeGreaterThan(difference?.upper(0.2) ?? Number.NaN)
  expect(compareMetric(input).interval).toEqual(comparison.interval)
  const atEighty = compareMetric({ ...input, confidence: 0.8 }).interval
  expect(atEighty?.[0]).toBeCloseTo(difference?.lower(0.1) ?? Number.NaN, 12)
})

const isAbout = (needs: 'label' | 'score' | 'value') => (name: MetricName) => metrics[name].needs === needs

test.each(names.filter((name) => !isAbout('label')(name)))(
  '%s: identical predictions differ by exactly nothing',
  (metric) => {
    const { baseline: _, ...input } = inputFor(metric, 120, 9)
    const comparison = compareMetric({ ...input, baseline: input.candidate })
    expect(comparison).toMatchObject({ difference: 0, interval: [0, 0], pValue: 1, method: 'identical predictions' })
    expect(comparison.bounds.relative?.(-0.1)?.lower(1e-9)).toBeCloseTo(Math.abs(comparison.candidate ?? 0) / 10, 12)
  },
)

test.each(names.filter(isAbout('label')))('%s: equal labels may still come from different models', (metric) => {
  const { baseline: _, ...input } = inputFor(metric, 120, 9)
  const { difference, interval, pValue } = compareMetric({ ...input, baseline: input.candidate })
  expect([difference, pValue]).toEqual([0, 1])
  expect(interval?.[0]).toBeLessThan(-0.015)
  expect(interval?.[1]).toBeGreaterThan(0.015)
  // Tango's interval without a discordant row is ± z² / (n + z²).
  if (metric === 'accuracy') expect(interval?.[1]).toBeCloseTo(0.031019166418703482, 12)
})

test('a few scores that are equal may come from different models too', () => {
  const coarse = a.map((score) => Math.round(score * 4) / 4)
  const { difference, interval } = compareMetric({
    metric: 'roc_auc',
    truth,
    candidate: coarse,
    baseline: coarse,
    seed: 1,
  })
  expect(difference).toBe(0)
  expect(interval?.[0]).toBeLessThan(-0.01)
})

test.each(names)('%s: without a baseline the candidate still has its interval', (metric) => {
  const { baseline: _, ...input } = inputFor(metric, 120, 9)
  const comparison = compareMetric(input)
  expect(comparison).toMatchObject({ baseline: null, difference: null, interval: null, pValue: null, method: '' })
  expect(comparison.candidateInterval).not.toBeNull()
})

test.each(names)('%s: weights are honoured, and equal weights change the value by nothing', (metric) => {
  const input = inputFor(metric, 150, 3)
  const weighted = compareMetric({ ...input, weights: new Float64Array(150).fill(2.5) })
  expect(weighted.candidate).toBeCloseTo(compareMetric(input).candidate ?? Number.NaN, 12)
  expect(weighted.interval).not.toBeNull()
  const uneven = compareMetric({ ...input, weights: classification(3, 150, 2).weights })
  expect(uneven.interval?.[0]).toBeLessThan(uneven.interval?.[1] ?? Number.NaN)
})

test.each(names.filter((name) => metrics[name].task === 'classification'))(
  '%s: one class, constant scores and two rows give values or reasons, never an exception',
  (metric) => {
    for (const truth of [[1, 1, 1], [0, 0, 0, 0], [0, 1], [1], []]) {
      const constant = truth.map(() => (metrics[metric].needs === 'label' ? 1 : 0.5))
      const comparison = compareMetric({ metric, truth, candidate: constant, baseline: truth, seed: 1 })
      if (comparison.candidate === null) expect(comparison.reason).not.toBeNull()
      if (comparison.candidateInterval === null && comparison.candidate !== null)
        expect(comparison.reason).not.toBeNull()
    }
  },
)

test('constant scores have an area of one half but for rows not seen, and the difference the doubt of the other', () => {
  const constant = a.map(() => 0.3)
  const comparison = compareMetric({ metric: 'roc_auc', truth, candidate: constant, baseline: b, seed: 1 })
  // 88 positives, 112 negatives: ½ · 0.025^(1/88) with all of the positives that may be missing at the bottom.
  expect(comparison.candidateInterval?.[0]).toBeCloseTo(0.479473685470961, 12)
  expect(comparison.candidateInterval?.[1]).toBeCloseTo(0.5205263145290391, 12)
  expect(comparison.difference).toBeCloseTo(0.5 - 0.965604707792, 11)
  expect(comparison.pValue).toBeLessThan(1e-100)
})

test('a perfect separation of few rows is not taken for certainty', () => {
  const few = [0, 0, 0, 1, 1, 1, 1, 1]
  const comparison = compareMetric({ metric: 'roc_auc', truth: few, candidate: few, seed: 1 })
  // With area θ, three independent pairs are all in order with probability θ³ = 0.025 at the bound.
  expect(comparison.candidateInterval?.[0]).toBeCloseTo(0.025 ** (1 / 3), 12)
  expect(comparison.candidateInterval?.[1]).toBe(1)
})

test.each([
  ['accuracy', 20],
  ['balanced_accuracy', 100],
  ['precision', 20],
  ['recall', 20],
  ['f1', 20],
  ['f1_macro', 100],
  ['matthews_corrcoef', 100],
  ['cohen_kappa', 100],
] as const)('%s of %d rows without an error is not bounded by 1 from below', (metric, rows) => {
  const few = Array.from({ length: rows }, (_, i) => i % 2)
  const { candidateInterval } = compareMetric({ metric, truth: few, candidate: few, seed: 1 })
  // In 0.025 of the cases 10, or 50, rows of a class hide a share 1 − 0.025^(1/n) that is wrong: 0.308, or 0.071.
  expect(candidateInterval?.[0]).toBeLessThan(rows === 20 ? 0.85 : 0.97)
  expect(candidateInterval?.[0]).toBeGreaterThan(rows === 20 ? 0.65 : 0.9)
  expect(candidateInterval?.[1]).toBe(1)
})

test.each(['accuracy', 'precision', 'recall', 'f1', 'roc_auc'] as const)(
  '%s: weights that are all equal change no interval, with an error and without',
  (metric) => {
    const few = [0, 0, 1, 1, 1]
    for (const input of [inputFor(metric, 300, 5), { metric, truth: few, candidate: few, seed: 1 }]) {
      const { candidateInterval } = compareMetric(input)
      const weighted = compareMetric({
        ...input,
        weights: input.truth.length === 5 ? few.map(() => 1) : rowsOf(300, 2.5),
      })
      expect(weighted.candidateInterval?.[0]).toBeCloseTo(candidateInterval?.[0] ?? Number.NaN, 11)
      expect(weighted.candidateInterval?.[1]).toBeCloseTo(candidateInterval?.[1] ?? Number.NaN, 11)
    }
  },
)

const rowsOf = (rows: number, weight: number) => new Float64Array(rows).fill(weight)

test('of weighted rows without an error as many count as are worth as much with equal weights', () => {
  const right = rowsOf(10, 1)
  const weights = right.map((_, i) => (i < 5 ? 1 : 4))
  const { candidateInterval } = compareMetric({ metric: 'accuracy', truth: right, candidate: right, weights, seed: 1 })
  // (Σ w)² / Σ w² = 625 / 85 rows (Kish), all right with probability 0.025 at the bound.
  expect(candidateInterval?.[0]).toBeCloseTo(0.025 ** (85 / 625), 12)
  expect(candidateInterval?.[1]).toBe(1)
})

test.each(['mae', 'rmse', 'pinball_loss', 'mape', 'r2'] as const)(
  '%s of two hundred rows without an error is not certain to have none',
  (metric) => {
    const values = Array.from({ length: 200 }, (_, i) => 10 + (i % 21) / 4)
    const perfect = { metric, truth: values, candidate: values, seed: 1 }
    for (const input of [perfect, { ...perfect, weights: rowsOf(200, 3) }]) {
      const { candidate, candidateInterval: [lower = 0, upper = 0] = [] } = narrow(compareMetric(input))
      // An error in 1 − 0.025^(1/200) of the rows, as large as the true values lie apart: 10 to 15.
      const share = 1 - 0.025 ** (1 / 200)
      const variance = (25 * (21 ** 2 - 1)) / 12 / 20 ** 2
      const bounds = { mae: 5 * share, rmse: 5 * Math.sqrt(share), pinball_loss: 2.5 * share, mape: 0.5 * share, r2: 0 }
      if (metric === 'r2') {
        expect([candidate, upper]).toEqual([1, 1])
        // The truth repeats 21 steps, the last round is cut short.
        expect(lower).toBeCloseTo(1 - (25 * share) / variance, 2)
      } else {
        expect([candidate, lower]).toEqual([0, 0])
        expect(upper).toBeCloseTo(bounds[metric], 12)
      }
    }
  },
)

function narrow<T extends { candidateInterval: readonly [number, number] | null }>(comparison: T) {
  return { ...comparison, candidateInterval: comparison.candidateInterval ?? undefined }
}

test('ranks in perfect order may still hide rows that are not', () => {
  const truth = Array.from({ length: 200 }, (_, i) => i % 2)
  const scores = (noise: number) => truth.map((label, i) => label + (i % 7) * noise)
  const input = { metric: 'average_precision', truth, candidate: scores(0.1), baseline: scores(0.05), seed: 1 } as const
  const { candidateInterval, interval } = compareMetric(input)
  // A share 1 − 0.025^(1/100) of the negatives before all positives: ∫ r / (r + share) dr over [0, 1], by SciPy.
  expect(candidateInterval?.[0]).toBeCloseTo(0.8785360423080956, 10)
  expect(candidateInterval?.[1]).toBe(1)
  expect(interval?.[0]).toBeCloseTo(0.8785360423080956 - 1, 10)
  const three = Array.from({ length: 300 }, (_, i) => i % 3)
  const table = three.flatMap((label) => [0, 1, 2].map((c) => (c === label ? 0.8 : 0.1)))
  const several = compareMetric({ metric: 'roc_auc', truth: three, classes: 3, candidate: table, seed: 1 })
  expect(several.candidate).toBe(1)
  // One class of 100 rows may be out of order, and counts for a third.
  expect(several.candidateInterval?.[0]).toBeCloseTo(1 - (1 - 0.025 ** (1 / 100)) / 3, 12)
})

test('what is resampled takes a hundred rows, and as many as are worth a hundred when they are weighted', () => {
  const input = inputFor('f1', 99, 5)
  const few = compareMetric(input)
  expect(few.reason).toBe('resampling takes 100 rows, and there are 99')
  expect([few.interval, few.bounds.relative]).toEqual([null, null])
  // Of one model it is a proportion, whose bounds are exact.
  expect(few.candidateInterval).not.toBeNull()
  expect(compareMetric(inputFor('f1', 100, 5)).interval).not.toBeNull()
  expect(compareMetric(inputFor('f1_macro', 99, 5)).candidateInterval).toBeNull()
  const weights = rowsOf(300, 1).map((_, i) => (i < 20 ? 10 : 1))
  // (480)² / (20 · 100 + 280) = 101.05; with one of them at 12 it is (482)² / 2324 = 99.97.
  expect(compareMetric({ ...inputFor('mae', 300, 5), weights }).interval).not.toBeNull()
  weights[0] = 12
  const weighted = compareMetric({ ...inputFor('mae', 300, 5), weights })
  expect(weighted.interval).toBeNull()
  expect(weighted.reason).toBe('resampling takes 100 rows, and these 300 weigh as much as 99')
})

test('ranks take twenty rows of each class, unless all are in order', () => {
  const rank = (metric: MetricName, positives: number, isPerfect = false) => {
    const truth = Array.from({ length: 300 }, (_, i) => Number(i < positives))
    const candidate = truth.map((label, i) => (isPerfect ? label : ((37 * i) % 101) / 101 + label / 2))
    return compareMetric({ metric, truth, candidate, baseline: truth.map((_, i) => ((29 * i) % 97) / 97), seed: 1 })
  }
  for (const metric of ['roc_auc', 'average_precision'] as const) {
    expect(rank(metric, 19)).toMatchObject({ candidateInterval: null, interval: null })
    expect(rank(metric, 19).reason).toBe('ranking takes 20 rows of each class, and one has 19')
    expect(rank(metric, 20).candidateInterval).not.toBeNull()
    expect(rank(metric, 20).interval).not.toBeNull()
  }
  expect(rank('roc_auc', 3, true).candidateInterval?.[0]).toBeCloseTo(0.025 ** (1 / 3), 12)
  expect(rank('roc_auc', 3, true).interval).toBeNull()
})

test('losses of which none was seen may still come', () => {
  const few = Array.from({ length: 20 }, (_, i) => i % 2)
  const { candidateInterval } = compareMetric({ metric: 'brier_score', truth: few, candidate: few, seed: 1 })
  expect(candidateInterval?.[0]).toBe(0)
  expect(candidateInterval?.[1]).toBeCloseTo(1 - 0.025 ** (1 / 20), 12)
})

test('bounds of a difference go on beyond the resolution of the resamples, as Holm in a large family asks', () => {
  for (const metric of ['f1', 'mae'] as const) {
    const input = inputFor(metric, 300, 5)
    const { bounds, difference } = compareMetric(input)
    const at = (alpha: number) => bounds.difference?.lower(alpha) ?? Number.NaN
    expect(at(1e-5)).toBeLessThan(at(0.001))
    expect(at(1e-9)).toBeLessThan(at(1e-5))
    // About 6 standard errors below: z at 1e-9 is 5.998, at 0.025 1.96.
    const distance = ((difference ?? 0) - at(1e-9)) / ((difference ?? 0) - at(0.025))
    expect(distance).toBeGreaterThan(2.6)
    expect(distance).toBeLessThan(3.5)
  }
})

test('an end beyond every resample is no interval, with the reason', () => {
  const { truth, predicted } = regression(9, 120)
  const comparison = compareMetric({
    metric: 'mape',
    truth,
    candidate: predicted,
    seed: 9,
    resamples: 39,
    confidence: 0.99,
  })
  expect(comparison.candidateInterval).toBeNull()
  expect(comparison.reason).toContain('beyond every resample')
})

test('above 50,000 rows influence functions take over, and agree with the bootstrap below', () => {
  const n = 50_001
  const truth = sample(1, n, 'uniform', 0)
  const error = sample(2, n, 'bell', 0)
  const candidate = truth.map((y, i) => y + (error[i] ?? 0))
  const baseline = truth.map((y, i) => y + (error[(i * 7) % n] ?? 0) * 1.01)
  const compare = (rows: number) => {
    const cut = (values: Float64Array) => values.subarray(0, rows)
    return compareMetric({
      metric: 'rmse',
      truth: cut(truth),
      candidate: cut(candidate),
      baseline: cut(baseline),
      seed: 4,
      resamples: 999,
    })
  }
  const [large, small] = [compare(n), compare(n - 1)]
  expect(large.method).toBe('influence functions')
  expect(small.method).toBe('paired percentile bootstrap of rows (999, seed 4)')
  const width = (interval: readonly [number, number] | null) => (interval ? interval[1] - interval[0] : Number.NaN)
  expect(width(large.interval) / width(small.interval)).toBeGreaterThan(0.9)
  expect(width(large.interval) / width(small.interval)).toBeLessThan(1.1)
})

test('several classes have intervals too', () => {
  const { truth, predicted, scores } = classification(8, 400, 3)
  const other = classification(9, 400, 3)
  for (const metric of ['accuracy', 'f1_macro', 'matthews_corrcoef'] as const) {
    const comparison = compareMetric({
      metric,
      truth,
      classes: 3,
      candidate: predicted,
      baseline: other.predicted,
      seed: 2,
    })
    expect(comparison.interval?.[0]).toBeGreaterThan(0)
  }
  for (const metric of ['roc_auc', 'average_precision', 'log_loss', 'brier_score', 'ece'] as const) {
    const comparison = compareMetric({
      metric,
      truth,
      classes: 3,
      candidate: scores,
      baseline: other.scores,
      seed: 2,
      resamples: 499,
    })
    expect(comparison.interval).not.toBeNull()
  }
})

test('p-values are the smallest alpha at which the bounds exclude the value', () => {
  const bounds = normalBounds(1, 0.5, [-Infinity, Infinity])
  // P(Z > 2) and P(Z > 4).
  expect(pValueAbove(bounds, 0)).toBeCloseTo(0.02275013194817921, 12)
  expect(pValueBelow(bounds, 3) / 3.167124183311992e-5).toBeCloseTo(1, 9)
  expect(pValueBelow(bounds, 0)).toBeCloseTo(1 - 0.02275013194817921, 12)
})

test('Holm steps down and Benjamini-Hochberg steps up', () => {
  // Holm (1979), as in R: p.adjust(c(.01, .04, .03, .005), "holm").
  const adjusted = holm([0.01, 0.04, 0.03, 0.005])
  ;[0.03, 0.06, 0.06, 0.02].forEach((p, i) => {
    expect(adjusted[i]).toBeCloseTo(p, 14)
  })
  const discoveries = benjaminiHochberg([0.001, 0.008, 0.039, 0.041, 0.042, 0.06, 0.074, 0.205, 0.212, 0.216])
  ;[0.01, 0.04, 0.084, 0.084, 0.084, 0.1, 0.105714, 0.216, 0.216, 0.216].forEach((q, i) => {
    expect(discoveries[i]).toBeCloseTo(q, 6)
  })
  expect([holm([]), benjaminiHochberg([])]).toEqual([[], []])
})

test('the gap of disjoint slices is bounded at its share of alpha on either side', () => {
  const slice = (value: number) => ({ value, bounds: normalBounds(value, 0.01, [0, 1]) })
  const gap = boundGap([slice(0.8), slice(0.9), slice(0.85)])
  // z at 0.025 / 6 is 2.638257.
  expect(gap?.value).toBeCloseTo(0.1, 14)
  expect(gap?.bounds.upper(0.025)).toBeCloseTo(0.1 + 2 * 0.02638257, 7)
  expect(gap?.bounds.lower(0.025)).toBeCloseTo(0.1 - 2 * 0.02638257, 7)
  const open = boundGap([slice(0.8), slice(0.9), slice(0.85)], true)
  expect([open?.bounds.lower(0.025), open?.bounds.upper(0.025)]).toEqual([gap?.bounds.lower(0.025), Infinity])
  expect(boundGap([])).toBeNull()
})
