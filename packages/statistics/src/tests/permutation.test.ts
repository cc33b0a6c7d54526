import { expect, test } from 'vitest'
import { sample } from '../../fixtures/samples.ts'
import { createRandom, hypergeometric } from '../random.ts'
import { fisherExact } from './contingency.ts'
import { maximumMeanDiscrepancy, totalVariation } from './permutation.ts'

const counts = (side: Record<string, number>) => new Map(Object.entries(side))

test('the permutation p-value of two equally large samples in two categories tends to the exact one of Fisher', () => {
  const [reference, current] = [counts({ a: 60, b: 40 }), counts({ a: 50, b: 50 })]
  const { pValue } = totalVariation(reference, current, { permutations: 20000, seed: 5 })
  expect(pValue).toBeGreaterThan((fisherExact(reference, current).pValue ?? 0) - 0.012)
  expect(pValue).toBeLessThan((fisherExact(reference, current).pValue ?? 0) + 0.012)
})

test.each([
  [{ a: 50, b: 30, c: 20 }, { a: 40, b: 30, c: 30 }, 0.1, 0.363],
  [{ a: 50, b: 50 }, { a: 40, b: 40, n: 20 }, 0.2, 0.016],
  [{ a: 50, b: 40, c: 10 }, { a: 50, b: 50 }, 0.1, 0.284],
  [{ a: 60 }, { a: 50 }, 0, 1],
  [{ a: 60 }, { b: 50 }, 1, 0],
])('TVD of %o and %o is %d, with about the p-value measured on Evidently 0.7', (reference, current, distance, p) => {
  const result = totalVariation(counts(reference), counts(current))
  expect(result.statistic).toBeCloseTo(distance, 12)
  // Two runs of 1000 permutations each: four standard deviations of their difference.
  expect(Math.abs((result.pValue ?? 0) - p)).toBeLessThanOrEqual(4 * Math.sqrt((2 * p * (1 - p)) / 1000))
})

test('equal seeds permute equally', () => {
  const [reference, current] = [sample(1, 60, 'bell', 0), sample(2, 50, 'bell', 20)]
  const first = maximumMeanDiscrepancy(reference, current, { seed: 9 })
  expect(maximumMeanDiscrepancy(reference, current, { seed: 9 })).toEqual(first)
})

test('the discrepancy is the unbiased estimate of its definition, and finds a shift', () => {
  const [x, y] = [
    [0, 1, 3],
    [2, 5],
  ]
  // Squared distances in x, itself included: 0 0 0 1 1 4 4 9 9, median 1, so that exp(−d²).
  const kernel = (a: number, b: number) => Math.exp(-((a - b) ** 2))
  const within = (kernel(0, 1) + kernel(0, 3) + kernel(1, 3)) / 3 + kernel(2, 5)
  const between = x.flatMap((a) => y.map((b) => kernel(a, b))).reduce((sum, k) => sum + k, 0) / 6
  expect(maximumMeanDiscrepancy(x, y).statistic).toBeCloseTo(within - 2 * between, 12)
  expect(maximumMeanDiscrepancy(sample(1, 80, 'bell', 0), sample(2, 80, 'bell', 60)).pValue).toBe(0)
  expect(maximumMeanDiscrepancy(sample(1, 80, 'bell', 0), sample(2, 80, 'bell', 0)).pValue).toBeGreaterThan(0.05)
})

test('draws without replacement have the hypergeometric mean and variance', () => {
  const random = createRandom(11)
  for (const [marked, total, drawn] of [
    [3, 10, 4],
    [400, 1000, 300],
    [5, 5000, 2500],
    [900, 1000, 10],
  ] as const) {
    const draws = Array.from({ length: 20000 }, () => hypergeometric(random, marked, total, drawn))
    const mean = draws.reduce((sum, x) => sum + x, 0) / draws.length
    const variance = draws.reduce((sum, x) => sum + (x - mean) ** 2, 0) / draws.length
    const share = marked / total
    const expected = (drawn * share * (1 - share) * (total - drawn)) / (total - 1)
    expect(Math.abs(mean - drawn * share)).toBeLessThan(4.5 * Math.sqrt(expected / draws.length))
    expect(variance / expected).toBeGreaterThan(0.95)
    expect(variance / expected).toBeLessThan(1.05)
  }
})
