import { chiSquareSf } from '../distributions/gamma.ts'
import { normalSf } from '../distributions/normal.ts'
import { type CategoryCounts, sortedCategories, totalCount } from '../sample.ts'
import { emptySide, noPValue, type PValue } from './outcome.ts'

const oneCategory = 'both sides hold one and the same category: nothing to compare'

/**
 * Pearson's chi-squared test of the current counts against the reference counts scaled to the current's size.
 * A category the reference lacks has expectation 0 and makes the p-value 0.
 */
export function chiSquare(reference: CategoryCounts, current: CategoryCounts): PValue {
  return goodnessOfFit(reference, current, (observed, expected) => (observed - expected) ** 2 / expected)
}

/**
 * G-test (log-likelihood ratio) of the current counts against the reference counts. Evidently refuses samples of
 * unequal sizes; here the expectation is scaled as in `chiSquare`, which changes nothing for equal ones.
 */
export function gTest(reference: CategoryCounts, current: CategoryCounts): PValue {
  return goodnessOfFit(reference, current, (observed, expected) =>
    observed === 0 ? 0 : 2 * observed * Math.log(observed / expected),
  )
}

function goodnessOfFit(
  reference: CategoryCounts,
  current: CategoryCounts,
  term: (observed: number, expected: number) => number,
): PValue {
  const [n, m] = [totalCount(reference), totalCount(current)]
  if (n === 0 || m === 0) return noPValue(emptySide)
  const keys = sortedCategories(reference, current)
  if (keys.length < 2) return noPValue(oneCategory)
  let statistic = 0
  for (const key of keys) statistic += term(current.get(key) ?? 0, (reference.get(key) ?? 0) * (m / n))
  return { statistic, pValue: chiSquareSf(statistic, keys.length - 1) }
}

/** Two-proportion pooled z-test of the share of the smallest category; with more than two, all others count as one. */
export function twoProportionZ(reference: CategoryCounts, current: CategoryCounts): PValue {
  const [n, m] = [totalCount(reference), totalCount(current)]
  if (n === 0 || m === 0) return noPValue(emptySide)
  const [first, ...others] = sortedCategories(reference, current)
  if (first === undefined || others.length === 0) return { statistic: 0, pValue: 1 }
  const p = 1 - (reference.get(first) ?? 0) / n
  const q = 1 - (current.get(first) ?? 0) / m
  const pooled = (p * n + q * m) / (n + m)
  const statistic = (p - q) / Math.sqrt(pooled * (1 - pooled) * (1 / n + 1 / m))
  return { statistic, pValue: Math.min(1, 2 * normalSf(Math.abs(statistic))) }
}

/**
 * Fisher's exact test, two-sided: the probability of all 2×2 tables no more probable than the one seen.
 * The statistic is the sample odds ratio. Evidently asks for samples of equal size; the test does not.
 */
export function fisherExact(reference: CategoryCounts, current: CategoryCounts): PValue {
  const [n, m] = [totalCount(reference), totalCount(current)]
  if (n === 0 || m === 0) return noPValue(emptySide)
  const [first, second, third] = sortedCategories(reference, current)
  if (third !== undefined) return noPValue('more than two categories')
  if (first === undefined || second === undefined) return { statistic: 1, pValue: 1 }
  const [a, b] = [reference.get(first) ?? 0, current.get(first) ?? 0]
  const odds = (a * (m - b)) / (b * (n - a))
  return { statistic: Number.isNaN(odds) ? 1 : odds, pValue: hypergeometricTwoSided(a, n, m, a + b) }
}

/** Tables are weighed relative to the mode, outwards from it, so that neither tail cancels or underflows early. */
function hypergeometricTwoSided(seen: number, n: number, m: number, drawn: number): number {
  const least = Math.max(0, drawn - m)
  const most = Math.min(n, drawn)
  const mode = Math.min(most, Math.max(least, Math.floor(((drawn + 1) * (n + 1)) / (n + m + 2))))
  const weights = new Float64Array(most - least + 1)
  weights[mode - least] = 1
  for (let k = mode; k < most; k++) {
    const ratio = ((n - k) * (drawn - k)) / ((k + 1) * (m - drawn + k + 1))
    weights[k + 1 - least] = (weights[k - least] ?? 0) * ratio
  }
  for (let k = mode; k > least; k--) {
    const ratio = (k * (m - drawn + k)) / ((n - k + 1) * (drawn - k + 1))
    weights[k - 1 - least] = (weights[k - least] ?? 0) * ratio
  }
  // Tables of equal probability on the other side differ from the one seen by rounding only.
  const limit = (weights[seen - least] ?? 0) * (1 + 1e-11)
  let [asRare, all] = [0, 0]
  for (const weight of weights) {
    all += weight
    if (weight <= limit) asRare += weight
  }
  return Math.min(1, asRare / all)
}
