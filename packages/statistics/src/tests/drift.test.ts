import { expect, test } from 'vitest'
import expected from '../../fixtures/drift.json' with { type: 'json' }
import { sample, uniforms } from '../../fixtures/samples.ts'
import { binNumeric, fillZeros, sturgesEdges } from '../binning.ts'
import { populationStability } from './divergence.ts'
import { chooseTest, driftTests, isTestName, type TestInput, type TestName } from './registry.ts'

const series = (rows: number, formula: (i: number) => number) =>
  Float64Array.from({ length: rows }, (_, i) => formula(i))

const numeric = (reference: Float64Array, current: Float64Array): TestInput => ({ type: 'num', reference, current })

const categorical = (reference: Record<string, number>, current: Record<string, number>): TestInput => ({
  type: 'cat',
  reference: new Map(Object.entries(reference)),
  current: new Map(Object.entries(current)),
})

function scoreOf(name: TestName, input: TestInput): number | null {
  return driftTests[name].score(input).score
}

/** What rounding does to 1 − cdf where SciPy subtracts from one, and to a square root of a sum that cancels. */
const absolute: Partial<Record<TestName, number>> = { cramer_von_mises: 1e-14, hellinger: 3e-8, jensenshannon: 1e-9 }

/** t's numerator and the characteristic functions lose digits that neither side has (1000 + u, cosines). */
const relative: Partial<Record<TestName, number>> = { t_test: 1e-8, es: 1e-8 }

function isClose(name: TestName, actual: number | null, value: number): boolean {
  if (actual === null) return false
  const slack = Math.max((absolute[name] ?? 0) * (name === 'hellinger' && value > 0.01 ? 1e-4 : 1), 1e-300)
  return Math.abs(actual - value) <= (relative[name] ?? 1e-10) * Math.abs(value) + slack
}

test("numeric tests are SciPy's on hundreds of generated pairs: ties, tiny and large samples, shifts, scales", () => {
  const failures: unknown[] = []
  let compared = 0
  for (const { seed, rows, shape, shift, scores } of expected.numeric) {
    const input = numeric(sample(seed, rows[0] ?? 0, shape, 0), sample(seed + 1, rows[1] ?? 0, shape, shift))
    for (const [name, value] of Object.entries(scores)) {
      if (!isTestName(name)) throw new Error(`the fixture names an unknown test ${name}`)
      compared++
      const score = scoreOf(name, input)
      if (!isClose(name, score, value)) failures.push({ name, rows, shape, shift, score, value })
    }
  }
  expect(compared).toBeGreaterThan(3000)
  expect(failures).toEqual([])
})

test("categorical tests are SciPy's on generated counts, new and lost categories included", () => {
  const failures: unknown[] = []
  for (const { reference, current, scores } of expected.categorical) {
    const counts = (side: number[]) => new Map(side.map((rows, i) => [`c${i}`, rows] as const))
    const input: TestInput = { type: 'cat', reference: counts(reference), current: counts(current) }
    for (const [name, value] of Object.entries(scores)) {
      const score = isTestName(name) ? scoreOf(name, input) : null
      if (score === null || Math.abs(score - value) > 1e-10 * Math.abs(value) + 1e-15) {
        failures.push({ name, reference, current, score, value })
      }
    }
  }
  expect(expected.categorical.length).toBeGreaterThan(100)
  expect(failures).toEqual([])
})

test('bins of an integer column are at least 1 wide, as in numpy since 2.1', () => {
  for (const { rows, top, edges, psi } of expected.integer) {
    const reference = uniforms(rows + top, rows).map((u) => Math.floor(u * top))
    const current = uniforms(rows + top + 1, rows).map((u) => Math.floor(u * top) + 2)
    const ours = sturgesEdges(Float64Array.from([...reference, ...current]), { integer: true })
    expect(Array.from(ours ?? [])).toEqual(edges)
    const shares = binNumeric(reference, current, { integer: true })
    expect(shares && populationStability(fillZeros(shares)).distance).toBeCloseTo(psi, 12)
  }
})

const n1 = numeric(
  series(500, (i) => ((37 * i) % 101) / 101),
  series(400, (i) => ((37 * i) % 101) / 101 + 0.1),
)
const n2 = numeric(
  series(2000, (i) => (10 * ((7919 * i) % 9973)) / 9973),
  series(1500, (i) => (10 * ((7907 * i) % 9967)) / 9967 + 0.5),
)
const s1 = numeric(
  series(30, (i) => i + 1),
  series(25, (k) => k + 6 + 0.5 * ((k + 6) % 3)),
)

test.each([
  ['ks', 0.00855210365432303, 0.023804566274936146, 0.6174241917752673],
  ['wasserstein', 0.34324767906336934, 0.1688388095955243, 0.3442920869797052],
  ['psi', 1.5195878181857603, 0.09073583790100632, 1.2847872162203762],
  ['jensenshannon', 0.2746199212556813, 0.10464145654503093, 0.2527311236999627],
  ['kl_div', 0.7672078522809603, 0.04546151913799158, 1.093200650948402],
  ['hellinger', 0.18569690513267015, 0.10555458537795281, 0.29909420851720153],
  ['anderson', 0.001, 0.001, 0.25],
  ['cramer_von_mises', 4.527990759228828e-6, 1.5071403590249943e-5, 0.34327723476338257],
  ['t_test', 3.9388871050476003e-7, 8.120200479000117e-7, 0.18483355650073743],
  ['mannw', 2.324334011236868e-7, 7.216183692813668e-7, 0.10536265734108641],
  ['ed', 0.13789431309578512, 0.21612690504328386, 0.8646643536335035],
  ['es', 1.2197554093165359e-13, 9.958767120263553e-15, 0.2778617812994912],
] as const)('%s has the values measured on Evidently 0.7', (name, onN1, onN2, onS1) => {
  for (const [input, value] of [
    [n1, onN1],
    [n2, onN2],
    [s1, onS1],
  ] as const) {
    const score = scoreOf(name, input) ?? Number.NaN
    // 1 − cdf: SciPy has no more digits of the small Cramér-von Mises tails.
    expect(Math.abs(score - value)).toBeLessThan(1e-10 * value + (name === 'cramer_von_mises' ? 1e-14 : 0))
  }
})

test('beyond 10,000 rows a side, ks uses the distribution at the effective sample size', () => {
  const reference = series(900, (i) => (7919 * i) % 9973)
  const current = series(20000, (i) => ((7907 * i) % 9967) + 300)
  const score = driftTests.ks.score(numeric(reference, current))
  expect(score).toMatchObject({ score: expect.closeTo(0.354638648445764, 13), statistic: expect.closeTo(0.03145, 14) })
})

const counts = ['chisquare', 'z', 'jensenshannon', 'psi', 'kl_div', 'hellinger', 'g_test'] as const

test.each([
  [
    { a: 50, b: 30, c: 20 },
    { a: 40, b: 30, c: 30 },
    [
      0.0301973834223185, 0.155218489684684, 0.08841606285541177, 0.06286086594223739, 0.030478754035472025,
      0.08852926195176564, 0.03923401453613692,
    ],
  ],
  [
    { a: 50, b: 50 },
    { a: 40, b: 40, n: 20 },
    [0, 0.155218489684684, 0.2736453208486386, 1.5640491119253042, 0.22226122994542763, 0.32491969623290634, 0],
  ],
  [
    { a: 50, b: 40, c: 10 },
    { a: 50, b: 50 },
    [
      0.0019304541362277095, 1, 0.19349646201204088, 0.7123991075017365, 0.6016181023728632, 0.22975292054736132,
      1.42724769e-5,
    ],
  ],
  [
    { a: 60, b: 40 },
    { a: 50, b: 50 },
    [
      0.041226833337163815, 0.155218489684684, 0.07112938864483229, 0.04054651081081642, 0.020135513550688863,
      0.07116071243935135, 0.043337212403587656,
    ],
  ],
  [{ a: 60 }, { a: 50 }, [null, 1, 0, 0, 0, 0, null]],
  [{ a: 60 }, { b: 50 }, [0, 0, 0.8325546111576977, 18.418838675877968, 9.208498488090177, 1, 0]],
  [
    { a: 99999, b: 1 },
    { a: 100000 },
    [
      0.3173080881435675, 0.31730929800626706, 0.0018616520628122885, 0.00020723275836996411, 6.69691994e-5,
      0.0022360707725905702, 0.1572981692793002,
    ],
  ],
] as const)('counts %o against %o have the values measured on Evidently 0.7', (reference, current, values) => {
  counts.forEach((name, i) => {
    const [score, value] = [scoreOf(name, categorical(reference, current)), values[i]]
    if (value === null || value === undefined) expect(score).toBeNull()
    else expect(score).toBeCloseTo(value, 11)
  })
})

test('fisher_exact is exact for two categories, and says why not for three', () => {
  const two = categorical({ a: 60, b: 40 }, { a: 50, b: 50 })
  expect(scoreOf('fisher_exact', two)).toBeCloseTo(0.20070760013598074, 14)
  expect(scoreOf('fisher_exact', categorical({ a: 99999, b: 1 }, { a: 100000 }))).toBe(1)
  const three = categorical({ a: 1, b: 1, c: 1 }, { a: 3 })
  expect(driftTests.fisher_exact.score(three)).toEqual({ score: null, reason: 'more than two categories' })
})

test('a constant column with one other value is drift by wasserstein alone, whose deviation has a floor', () => {
  const input = numeric(
    series(2000, () => 5),
    series(2000, (i) => (i === 0 ? 6 : 5)),
  )
  expect(scoreOf('wasserstein', input)).toBeCloseTo(0.5, 12)
  expect(scoreOf('psi', input)).toBeCloseTo(0.000644, 6)
  expect(scoreOf('jensenshannon', input)).toBeCloseTo(0.013165, 6)
  expect(scoreOf('ks', input)).toBe(1)
})

test('20 distinct reference values are counted, 21 are binned', () => {
  const pair = (k: number) =>
    numeric(
      series(2100, (i) => i % k),
      series(2100, (i) => (i % k) + Number(i % 5 === 0)),
    )
  expect(scoreOf('psi', pair(20))).toBeCloseTo(1.379065, 6)
  expect(scoreOf('jensenshannon', pair(20))).toBeCloseTo(0.293776, 6)
  expect(scoreOf('psi', pair(21))).toBeCloseTo(0.00274, 6)
  expect(scoreOf('jensenshannon', pair(21))).toBeCloseTo(0.018497, 6)
})

test('no test throws on degenerate data: it scores, or says why it cannot', () => {
  const odd = [
    [],
    [1],
    [1, 1],
    [1, 1, 1, 1, 1, 1],
    [1, 2],
    [Number.NaN, 1],
    [Infinity, -Infinity],
    [1e308, -1e308, 0],
    [2 ** 53, 2 ** 53 + 2],
  ]
  for (const reference of odd) {
    for (const current of odd) {
      for (const drift of Object.values(driftTests)) {
        const result = drift.score({ type: 'num', reference, current })
        if (result.score === null) expect(result.reason).not.toBe('')
        else expect(Number.isNaN(result.score), drift.name).toBe(false)
        if (result.score !== null && drift.kind === 'p-value') {
          expect(result.score).toBeGreaterThanOrEqual(0)
          expect(result.score).toBeLessThanOrEqual(1)
        }
      }
    }
  }
})

test('NaN and infinite values are left out before a test', () => {
  const clean = numeric(Float64Array.from([1, 2, 3, 4]), Float64Array.from([2, 3, 4, 5]))
  const dirty = numeric(
    Float64Array.from([1, Number.NaN, 2, 3, 4]),
    Float64Array.from([2, 3, Infinity, 4, 5, -Infinity]),
  )
  for (const name of ['ks', 'wasserstein', 'psi', 'hellinger'] as const)
    expect(scoreOf(name, dirty)).toBe(scoreOf(name, clean))
})

test('ids above 2^53 that no bin can separate are a reason, not an exception', () => {
  const ids = (start: number) => series(30, (i) => start + 2 * i)
  const big = 2 ** 60
  const input = numeric(ids(2 ** 53), Float64Array.from([...ids(2 ** 53), big, big + 256]))
  expect(scoreOf('psi', input)).not.toBeNaN()
  expect(
    driftTests.psi.score(
      numeric(
        series(30, (i) => big + 256 * (i % 22)),
        ids(2 ** 53),
      ),
    ),
  ).toHaveProperty('score')
})

test('mannw looks for an upward shift only, as Evidently asks for it', () => {
  const [low, high] = [series(60, (i) => i), series(60, (i) => i + 30)]
  expect(scoreOf('mannw', numeric(low, high))).toBeLessThan(1e-3)
  expect(scoreOf('mannw', numeric(high, low))).toBeGreaterThan(0.99)
})

test('z counts the smallest category against the rest, sorted as Python sorts', () => {
  // By UTF-16 code unit the astral letter would come before U+FF41, by code point it comes after.
  const [wide, astral] = ['ａ', '𝐚']
  const input = categorical({ [wide]: 30, [astral]: 70, zz: 0 }, { [wide]: 60, [astral]: 30, '￥': 10 })
  const same = categorical({ a: 30, b: 70 }, { a: 60, b: 40 })
  expect(scoreOf('z', input)).toBeCloseTo(scoreOf('z', same) ?? 0, 14)
})

test.each([
  [{ type: 'num', referenceRows: 1000, distinct: 2 }, 'z'],
  [{ type: 'num', referenceRows: 1000, distinct: 5 }, 'chisquare'],
  [{ type: 'num', referenceRows: 1000, distinct: 6 }, 'ks'],
  [{ type: 'num', referenceRows: 1001, distinct: 5 }, 'jensenshannon'],
  [{ type: 'num', referenceRows: 1001, distinct: 6 }, 'wasserstein'],
  [{ type: 'cat', referenceRows: 1000, distinct: 2 }, 'z'],
  [{ type: 'cat', referenceRows: 1000, distinct: 3 }, 'chisquare'],
  [{ type: 'cat', referenceRows: 1001, distinct: 2 }, 'jensenshannon'],
] as const)('Evidently takes for %o the test %s', (shape, name) => {
  expect(chooseTest(shape)).toBe(name)
})

test("on equality with the threshold the tests differ as Evidently's do", () => {
  const drifted = Object.values(driftTests).filter((drift) => drift.drifted(drift.threshold))
  expect(drifted.map((drift) => drift.name).sort()).toEqual(
    ['cramer_von_mises', 'hellinger', 'jensenshannon', 'kl_div', 'ks', 'psi', 'wasserstein'].sort(),
  )
  expect(driftTests.ed.drifted(0.11)).toBe(true)
  expect(driftTests.chisquare.drifted(0.049)).toBe(true)
  expect(driftTests.chisquare.drifted(0.049, 0.01)).toBe(false)
})
