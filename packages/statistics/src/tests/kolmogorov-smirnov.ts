import { kolmogorovSf } from '../distributions/kolmogorov.ts'
import { type Sample, sorted } from '../sample.ts'
import { emptySide, noPValue, type PValue } from './outcome.ts'

/** Up to this many rows on each side the p-value is exact, as in SciPy's `method="auto"`. */
const exactTo = 10_000

/** Two-sided two-sample Kolmogorov-Smirnov test on right-continuous ECDFs, so that ties do no harm. */
export function ksTwoSample(reference: Sample, current: Sample): PValue {
  const [n, m] = [reference.length, current.length]
  if (n === 0 || m === 0) return noPValue(emptySide)
  const steps = widestGap(sorted(reference), sorted(current))
  const common = greatestCommonDivisor(n, m)
  return { statistic: steps / n / m, pValue: ksPValue(steps / common, n, m) }
}

/** P(D ≥ d) for samples of n and m rows, where `steps` = d × lcm(n, m) is an integer when the test is exact. */
function ksPValue(steps: number, n: number, m: number): number {
  if (Math.max(n, m) > exactTo) return ksAsymptotic(steps / ((n / greatestCommonDivisor(n, m)) * m), n, m)
  if (steps === 0) return 1
  return n === m ? equalSizes(n, steps) : unequalSizes(n, m, steps)
}

/** P(D ≥ d) by the one-sample distribution at n m / (n + m) observations, rounded. */
function ksAsymptotic(d: number, n: number, m: number): number {
  return kolmogorovSf(d, roundHalfEven((n * m) / (n + m)))
}

/** The p-value that `ksTwoSample` gives for a statistic known from elsewhere. */
export function ksPValueOf(d: number, n: number, m: number): number {
  const lcm = (n / greatestCommonDivisor(n, m)) * m
  return Math.max(n, m) > exactTo ? ksAsymptotic(d, n, m) : ksPValue(Math.round(d * lcm), n, m)
}

function roundHalfEven(x: number): number {
  const floor = Math.floor(x)
  return x - floor === 0.5 ? floor + (floor % 2) : Math.round(x)
}

/** max |i m − j n| over the pooled values, where i and j count the values of each side up to there. */
function widestGap(a: Float64Array, b: Float64Array): number {
  const [n, m] = [a.length, b.length]
  let [i, j, widest] = [0, 0, 0]
  while (i < n && j < m) {
    const value = Math.min(a[i] ?? 0, b[j] ?? 0)
    while (i < n && (a[i] ?? 0) <= value) i++
    while (j < m && (b[j] ?? 0) <= value) j++
    const gap = Math.abs(i * m - j * n)
    if (gap > widest) widest = gap
  }
  return widest
}

export function greatestCommonDivisor(a: number, b: number): number {
  let [x, y] = [a, b]
  while (y > 0) [x, y] = [y, x % y]
  return x
}

/** Gnedenko and Korolyuk's alternating sum over reflections at ±h, factored so that nothing cancels. */
function equalSizes(n: number, h: number): number {
  let p = 0
  for (let k = Math.floor(n / h); k >= 0; k--) {
    let factor = 1
    for (let j = 0; j < h; j++) factor *= (n - k * h - j) / (n + k * h + j + 1)
    p = factor * (1 - p)
  }
  return Math.min(1, 2 * p)
}

/**
 * Share of lattice paths (0,0) → (n,m) that leave the band |i m − j n| < h gcd(n,m) (Hodges 1958). The share of
 * paths to a point is the mean of those to its two predecessors, so only positive numbers are added.
 */
function unequalSizes(n: number, m: number, h: number): number {
  const [long, short] = n > m ? [n, m] : [m, n]
  const limit = h * greatestCommonDivisor(n, m)
  const outside = new Float64Array(short + 1)
  for (let j = 0; j <= short; j++) outside[j] = j * long >= limit ? 1 : 0
  let previousHigh = Math.min(short, Math.ceil(limit / long) - 1)
  for (let i = 1; i <= long; i++) {
    const low = Math.max(0, Math.floor((i * short - limit) / long) + 1)
    const high = Math.min(short, Math.ceil((i * short + limit) / long) - 1)
    for (let j = previousHigh + 1; j <= high; j++) outside[j] = 1
    let left = low > 0 ? 1 : (outside[0] ?? 0)
    for (let j = Math.max(low, 1); j <= high; j++) {
      left = (i * (outside[j] ?? 0) + j * left) / (i + j)
      outside[j] = left
    }
    if (low > 0) outside[low - 1] = 1
    previousHigh = high
  }
  return Math.min(1, previousHigh < short ? 1 : (outside[short] ?? 1))
}
