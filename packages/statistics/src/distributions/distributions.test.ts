import { expect, test } from 'vitest'
import expected from '../../fixtures/distributions.json' with { type: 'json' }
import { besselKScaled } from './bessel.ts'
import { betaI, binomialSf, studentTwoSided } from './beta.ts'
import { chiSquareSf, gammaQ, logGamma } from './gamma.ts'
import { kolmogorovSf } from './kolmogorov.ts'
import { normalCdf, normalQuantile, normalSf } from './normal.ts'

type Formula = (...arguments_: number[]) => number

function largestError(
  rows: readonly (readonly number[])[],
  formula: Formula,
): { error: number; row: readonly number[] } {
  let worst = { error: 0, row: [] as readonly number[] }
  for (const row of rows) {
    const value = row.at(-1) ?? Number.NaN
    const error = Math.abs(formula(...row.slice(0, -1)) - value) / (value === 0 ? 1 : Math.abs(value))
    if (!(error <= worst.error)) worst = { error, row }
  }
  return worst
}

test.each([
  ['chi-squared tail', expected.chiSquareSf, chiSquareSf, 1e-11],
  ['Student tails', expected.studentTwoSided, studentTwoSided, 1e-10],
  ['normal tail', expected.normalSf, normalSf, 1e-12],
  ['normal quantile', expected.normalQuantile, normalQuantile, 1e-13],
  ['scaled Bessel K of order 1/4', expected.besselKScaled, (x: number) => besselKScaled(0.25, x), 1e-13],
  ['log-gamma', expected.logGamma, logGamma, 1e-13],
  ['binomial tail', expected.binomialSf, binomialSf, 1e-12],
] as const)("the %s is SciPy's", (_, rows, formula, tolerance) => {
  const { error, row } = largestError(rows, formula as Formula)
  expect(error, `at ${row}`).toBeLessThan(tolerance)
})

test('the Kolmogorov tail is that of SciPy in every region, from one observation to three million', () => {
  const { error, row } = largestError(expected.kolmogorovSf, kolmogorovSf as Formula)
  expect(error, `at ${row}`).toBeLessThan(1e-10)
})

test('the Kolmogorov tail has the published reference values', () => {
  expect(kolmogorovSf(0.05, 500)).toBeCloseTo(0.15866260223815365, 14)
  expect(kolmogorovSf(0.1, 200)).toBeCloseTo(0.03411035080315383, 14)
  expect(kolmogorovSf(0.03, 1000)).toBeCloseTo(0.3226902143914636, 13)
  expect(kolmogorovSf(0.2, 30)).toBeCloseTo(0.15796916101547398, 14)
})

test('tails and distribution functions end at 0 and 1', () => {
  expect([normalCdf(-Infinity), normalCdf(Infinity), normalSf(0)]).toEqual([0, 1, 0.5])
  expect([normalQuantile(0), normalQuantile(0.5), normalQuantile(1)]).toEqual([-Infinity, 0, Infinity])
  expect([gammaQ(2, 0), gammaQ(2, Infinity)]).toEqual([1, 0])
  expect([betaI(2, 3, 0), betaI(2, 3, 1)]).toEqual([0, 1])
  expect([studentTwoSided(0, 5), studentTwoSided(Infinity, 5)]).toEqual([1, 0])
  expect([kolmogorovSf(0, 10), kolmogorovSf(1, 10)]).toEqual([1, 0])
})
