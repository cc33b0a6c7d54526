import { expect, test } from 'vitest'
import { decide } from '../decision.ts'
import { normalCdf } from '../distributions/normal.ts'
import { meanLoss, rootMeanLoss } from '../metrics/loss.ts'
import { type MetricName, metrics } from '../metrics/table.ts'
import { createRandom, type Random } from '../random.ts'
import { intervalOf } from './bounds.ts'
import { compareMetric } from './compare.ts'
import { inferRows } from './rows.ts'

interface Draw {
  readonly truth: number[]
  readonly candidate: number[]
  readonly baseline: number[]
}

/** Share of the simulated intervals that hold the truth; a rare null interval counts as a miss. */
function coverage(runs: number, run: (seed: number) => readonly [number, number] | null, truth: number): number {
  let held = 0
  for (let seed = 1; seed <= runs; seed++) {
    const interval = run(seed)
    if (interval && interval[0] <= truth && truth <= interval[1]) held++
  }
  return held / runs
}

function expectNominal(share: number): void {
  expect(share).toBeGreaterThanOrEqual(0.93)
  expect(share).toBeLessThanOrEqual(0.97)
}

/** Scores with a shared part, so that the models agree as real ones do; positives are shifted by each model's skill. */
function binormal(random: Random, rows: number, skills: readonly [number, number]): Draw {
  const truth = Array.from({ length: rows }, () => Number(random.uniform() < 0.4))
  const shared = truth.map(() => random.normal())
  const scores = (skill: number) =>
    truth.map((label, i) => skill * label + Math.SQRT1_2 * (shared[i] ?? 0) + Math.SQRT1_2 * random.normal())
  return { truth, candidate: scores(skills[0]), baseline: scores(skills[1]) }
}

/** Area under the curve of two unit normals this far apart. */
const areaOf = (skill: number) => normalCdf(skill / Math.SQRT2)

test('95 % intervals of the area under the ROC curve and of its difference hold the truth 93 to 97 % of the time', () => {
  const skills = [1.5, 1.1] as const
  const results = Array.from({ length: 2000 }, (_, i) =>
    compareMetric({ metric: 'roc_auc', seed: i + 1, ...binormal(createRandom(i + 1), 150, skills) }),
  )
  expectNominal(coverage(2000, (seed) => results[seed - 1]?.interval ?? null, areaOf(1.5) - areaOf(1.1)))
  expectNominal(coverage(2000, (seed) => results[seed - 1]?.candidateInterval ?? null, areaOf(1.5)))
})

/** Labels that both models predict with the same or with different skill, and partly together. */
function labelled(random: Random, rows: number, right: readonly [number, number]): Draw {
  const truth = Array.from({ length: rows }, () => Number(random.uniform() < 0.35))
  const luck = truth.map(() => random.uniform())
  const predict = (share: number, label: number, i: number) => {
    const own = random.uniform() < 0.5 ? (luck[i] ?? 0) : random.uniform()
    return own < share ? label : 1 - label
  }
  const candidate = truth.map((label, i) => predict(right[0], label, i))
  return { truth, candidate, baseline: truth.map((label, i) => predict(right[1], label, i)) }
}

/** F1 in the population when a share of both classes is right. */
const f1Of = (right: number) => (2 * 0.35 * right) / (0.35 + 0.35 * right + 0.65 * (1 - right))

/** Matthews correlation in the same population. */
function matthewsOf(right: number): number {
  const [tp, fn, tn, fp] = [0.35 * right, 0.35 * (1 - right), 0.65 * right, 0.65 * (1 - right)]
  return (tp * tn - fp * fn) / Math.sqrt((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn))
}

test.each([
  ['accuracy', 0.85 - 0.8, 0.85],
  ['f1', f1Of(0.85) - f1Of(0.8), f1Of(0.85)],
  ['matthews_corrcoef', matthewsOf(0.85) - matthewsOf(0.8), matthewsOf(0.85)],
] as const)(
  '%s: intervals at 0.95 of the metric and of its difference hold the truth in 0.93 to 0.97 of the cases',
  (metric, difference, value) => {
    const compare = (seed: number) =>
      compareMetric({ metric, seed: -seed, resamples: 249, ...labelled(createRandom(seed), 250, [0.85, 0.8]) })
    const results = Array.from({ length: 2500 }, (_, i) => compare(i + 1))
    const at = (seed: number) => results[seed - 1]
    expectNominal(coverage(2500, (seed) => at(seed)?.interval ?? null, difference))
    expectNominal(coverage(2500, (seed) => at(seed)?.candidateInterval ?? null, value))
  },
)

/** Skewed errors: the candidate's are exponential of mean 1, the baseline's share half of them. */
function skewed(random: Random, rows: number): Draw {
  const exponential = () => -Math.log(1 - random.uniform())
  const truth = Array.from({ length: rows }, () => random.normal())
  const errors = truth.map(exponential)
  return {
    truth,
    candidate: truth.map((y, i) => y + (errors[i] ?? 0)),
    baseline: truth.map((y, i) => y + (errors[i] ?? 0) / 2 + exponential() / 2),
  }
}

test('95 % intervals of a mean loss with skewed errors hold the truth 93 to 97 % of the time', () => {
  const results = Array.from({ length: 500 }, (_, i) =>
    compareMetric({ metric: 'mae', seed: i + 1, resamples: 999, ...skewed(createRandom(i + 1), 120) }),
  )
  expectNominal(coverage(500, (seed) => results[seed - 1]?.interval ?? null, 0))
  expectNominal(coverage(500, (seed) => results[seed - 1]?.candidateInterval ?? null, 1))
})

test('95 % intervals by influence functions hold the truth 93 to 97 % of the time', () => {
  const run = (seed: number) => {
    const { truth, candidate, baseline } = skewed(createRandom(seed), 1500)
    const squares = (predicted: number[]) => Float64Array.from(truth, (y, i) => ((predicted[i] ?? 0) - y) ** 2)
    const absolutes = (predicted: number[]) => Float64Array.from(truth, (y, i) => Math.abs((predicted[i] ?? 0) - y))
    // Errors without an end: what a row that was not seen may lose has no limit.
    const largest = Infinity
    const options = {
      range: [0, largest],
      weights: new Float64Array(1500).fill(1),
      seed,
      influenceOnly: true,
    } as const
    return {
      root: inferRows(rootMeanLoss(squares(candidate), largest), null, options).candidate,
      mean: inferRows(meanLoss(absolutes(candidate), largest), meanLoss(absolutes(baseline), largest), options)
        .difference,
    }
  }
  const results = Array.from({ length: 500 }, (_, i) => run(i + 1))
  // The mean square of an exponential of mean 1 is 2.
  expectNominal(coverage(500, (seed) => intervalOf(results[seed - 1]?.root ?? null, 0.95), Math.SQRT2))
  expectNominal(coverage(500, (seed) => intervalOf(results[seed - 1]?.mean ?? null, 0.95), 0))
})

/** Average precision of the binormal model in the population, by integration over thresholds. */
function populationPrecision(skill: number): number {
  let area = 0
  const step = 0.001
  for (let t = -8; t < 10; t += step) {
    const [recall, next] = [normalCdf(skill - t), normalCdf(skill - t - step)]
    const precision = (0.4 * recall) / (0.4 * recall + 0.6 * normalCdf(-t))
    area += (recall - next) * precision
  }
  return area
}

test('95 % intervals of average precision hold the truth 93 to 97 % of the time', () => {
  const results = Array.from({ length: 400 }, (_, i) =>
    compareMetric({
      metric: 'average_precision',
      seed: i + 1,
      resamples: 249,
      ...binormal(createRandom(i + 1), 250, [1.5, 1.1]),
    }),
  )
  const [better, worse] = [populationPrecision(1.5), populationPrecision(1.1)]
  expectNominal(coverage(400, (seed) => results[seed - 1]?.interval ?? null, better - worse))
  expectNominal(coverage(400, (seed) => results[seed - 1]?.candidateInterval ?? null, better))
})

test.each(['accuracy', 'f1', 'roc_auc', 'average_precision', 'mae'] as const satisfies MetricName[])(
  '%s: a candidate equal to the baseline but for chance is called better in at most 0.025 of the cases',
  (metric) => {
    const runs = 400
    const draw = (seed: number) => {
      const random = createRandom(seed + 50_000)
      if (metric === 'mae') return skewedEqually(random, 120)
      return metrics[metric].needs === 'label' ? labelled(random, 200, [0.8, 0.8]) : binormal(random, 200, [1.2, 1.2])
    }
    let better = 0
    for (let seed = 1; seed <= runs; seed++) {
      const comparison = compareMetric({ metric, seed, resamples: 249, ...draw(seed) })
      const { status } = decide({
        rule: { minGain: 0 },
        direction: metrics[metric].direction,
        candidate: comparison.candidate,
        baseline: comparison.baseline,
        candidateBounds: comparison.bounds.candidate,
        differenceBounds: comparison.bounds.difference,
      })
      if (status === 'pass') better++
    }
    // Three standard deviations of the simulation above 2.5 %.
    expect(better / runs).toBeLessThanOrEqual(0.025 + 3 * Math.sqrt((0.025 * 0.975) / runs))
  },
)

/** Share of the runs in which the harmful bound at 0.05 keeps a limit that the metric has just reached: false passes. */
function falsePasses(runs: number, metric: MetricName, limit: number, draw: (random: Random) => WeightedDraw): number {
  let passes = 0
  for (let seed = 1; seed <= runs; seed++) {
    const { candidate } = compareMetric({ metric, seed, resamples: 999, ...draw(createRandom(seed + 130_000)) }).bounds
    if (!candidate) continue
    const isHigher = metrics[metric].direction === 'higher'
    if (isHigher ? candidate.lower(0.05) >= limit : candidate.upper(0.05) <= limit) passes++
  }
  return passes / runs
}

type WeightedDraw = Omit<Draw, 'baseline'> & { readonly weights?: number[] }

/** Rows that are right with a probability of their own, which may go with what they weigh. */
function weighted(random: Random, rows: number, kinds: readonly { weight: number; right: number }[]): WeightedDraw {
  const drawn = Array.from({ length: rows }, () => kinds[random.below(kinds.length)] ?? { weight: 1, right: 1 })
  const truth = drawn.map((_, i) => i % 2)
  const candidate = drawn.map(({ right }, i) => (random.uniform() < right ? (truth[i] ?? 0) : 1 - (truth[i] ?? 0)))
  return { truth, candidate, weights: drawn.map(({ weight }) => weight) }
}

test.each([5, 10, 20, 50, 200])(
  'weighted accuracy of %d rows just at its floor passes in at most 0.05 of the cases',
  (rows) => {
    const equal = [{ weight: 1, right: 0.9 }]
    const apart = [
      { weight: 1, right: 0.9 },
      { weight: 3, right: 0.9 },
    ]
    // (1 · 0.95 + 4 · 0.75) / 5 and (1 · 0.7 + 4 · 0.95) / 5.
    const heavyWrong = [
      { weight: 1, right: 0.95 },
      { weight: 4, right: 0.75 },
    ]
    const heavyRight = [
      { weight: 1, right: 0.7 },
      { weight: 4, right: 0.95 },
    ]
    for (const [kinds, floor] of [
      [equal, 0.9],
      [apart, 0.9],
      [heavyWrong, 0.79],
      [heavyRight, 0.9],
    ] as const) {
      const share = falsePasses(1000, 'accuracy', floor, (random) => weighted(random, rows, kinds))
      expect(share).toBeLessThanOrEqual(0.05 + 2.5 * Math.sqrt((0.05 * 0.95) / 1000))
    }
  },
)

/** Absolute errors with heavy tails, by their mean. */
const heavyTails = {
  exponential: { mean: 1, draw: (random: Random) => -Math.log(1 - random.uniform()) },
  lognormal: { mean: Math.exp(0.5), draw: (random: Random) => Math.exp(random.normal()) },
  // E |T| = 2 √ν / ((ν − 1) B(ν/2, ½)) with ν = 3.
  "Student's t, 3 degrees": { mean: (2 * Math.sqrt(3)) / Math.PI, draw: studentThree },
}

/** A normal over the root of a mean of three squared ones. */
function studentThree(random: Random): number {
  const squares = random.normal() ** 2 + random.normal() ** 2 + random.normal() ** 2
  return Math.abs(random.normal()) / Math.sqrt(squares / 3)
}

function withErrors(random: Random, rows: number, error: (random: Random) => number): Draw {
  const truth = Array.from({ length: rows }, () => random.normal())
  const predict = () => truth.map((y) => y + error(random))
  return { truth, candidate: predict(), baseline: predict() }
}

test.each([2, 3, 5, 10, 20, 50, 99])('no loss of %d rows passes or fails, with how many it takes', (rows) => {
  for (const { mean, draw } of Object.values(heavyTails)) {
    for (const metric of ['mae', 'rmse', 'pinball_loss', 'mape', 'r2'] as const) {
      const drawn = withErrors(createRandom(rows), rows, draw)
      const { bounds, interval, candidateInterval, reason } = compareMetric({
        metric,
        seed: 1,
        resamples: 99,
        ...drawn,
      })
      expect([bounds, interval, candidateInterval]).toEqual([
        { candidate: null, difference: null, relative: null },
        null,
        null,
      ])
      expect(reason).toBe(`resampling takes 100 rows, and there are ${rows}`)
    }
    expect(falsePasses(20, 'mae', mean, (random) => withErrors(random, rows, draw))).toBe(0)
  }
})

test.each(Object.entries(heavyTails))(
  'a mean loss of 100 rows just at its ceiling passes in hardly more than 0.05 of the cases: %s errors',
  (_, { mean, draw }) => {
    const share = falsePasses(1500, 'mae', mean, (random) => withErrors(random, 100, draw))
    // What the bootstrap leaves at 100 rows is at most 0.06 (README); three standard deviations of the simulation.
    expect(share).toBeLessThanOrEqual(0.06 + 3 * Math.sqrt((0.06 * 0.94) / 1500))
    expect(share).toBeGreaterThan(0.02)
  },
)

/** Errors of mean 1 for the baseline and of mean `ratio` for the candidate, half of which are shared. */
function proportional(random: Random, rows: number, ratio: number): Draw {
  const { truth, candidate, baseline } = skewedEqually(random, rows)
  return {
    truth,
    candidate: candidate.map((value, i) => (truth[i] ?? 0) + ratio * (value - (truth[i] ?? 0))),
    baseline,
  }
}

/** The candidate is right in 0.27 of the rows, the baseline in the same and in 0.03 more: few rows tell them apart. */
function nested(random: Random, rows: number): Draw {
  const luck = Array.from({ length: rows }, () => random.uniform())
  const below = (share: number) => luck.map((u) => Number(u < share))
  return { truth: luck.map(() => 1), candidate: below(0.27), baseline: below(0.3) }
}

test.each([
  ['mae', { maxLoss: 0.5 }, (random: Random) => proportional(random, 300, 1.5)],
  ['mae', { maxLoss: 1 }, (random: Random) => proportional(random, 300, 2)],
  ['rmse', { maxLoss: 1 }, (random: Random) => proportional(random, 300, 2)],
  ['accuracy', { minGain: 0.5 }, (random: Random) => labelled(random, 300, [0.9, 0.6])],
  ['accuracy', { maxLoss: 0.25 }, (random: Random) => labelled(random, 300, [0.6, 0.8])],
  ['accuracy', { maxLoss: 0.1 }, (random: Random) => nested(random, 20)],
  ['f1', { minGain: 0.5 }, (random: Random) => labelled(random, 300, [solve(f1Of, 1.5 * f1Of(0.6)), 0.6])],
  ['roc_auc', { minGain: 0.5 }, (random: Random) => binormal(random, 300, [solve(areaOf, 1.5 * areaOf(0.3)), 0.3])],
] as const)('%s at just its relative margin %o passes in at most 0.05 of the cases', (metric, margin, draw) => {
  const runs = 800
  let passes = 0
  for (let seed = 1; seed <= runs; seed++) {
    const comparison = compareMetric({ metric, seed, resamples: 249, ...draw(createRandom(seed + 90_000)) })
    const { status } = decide({
      rule: { ...margin, relative: true, alpha: 0.05 },
      direction: metrics[metric].direction,
      candidate: comparison.candidate,
      baseline: comparison.baseline,
      candidateBounds: comparison.bounds.candidate,
      differenceBounds: comparison.bounds.difference,
      relativeBounds: comparison.bounds.relative,
    })
    if (status === 'pass') passes++
  }
  expect(passes / runs).toBeLessThanOrEqual(0.05 + 2.5 * Math.sqrt((0.05 * 0.95) / runs))
})

/** Where a function that rises between 0 and 3 has a value. */
function solve(rising: (x: number) => number, value: number): number {
  let [low, high] = [0, 3]
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2
    if (rising(middle) < value) low = middle
    else high = middle
  }
  return low
}

/** Two models whose errors have the same distribution. */
function skewedEqually(random: Random, rows: number): Draw {
  const exponential = () => -Math.log(1 - random.uniform())
  const truth = Array.from({ length: rows }, () => random.normal())
  const shared = truth.map(exponential)
  const predict = () => truth.map((y, i) => y + (shared[i] ?? 0) / 2 + exponential() / 2)
  return { truth, candidate: predict(), baseline: predict() }
}
