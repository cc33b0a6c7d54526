import { normalSf } from '../distributions/normal.ts'
import { type Sample, sorted } from '../sample.ts'
import { emptySide, noPValue, type PValue } from './outcome.ts'
import { pooledRanks } from './ranks.ts'

/** With no ties, the p-value is exact while one side has at most this many values. */
const exactTo = 8

/** The exact distribution has n m + 1 values; beyond this many the normal limit is indistinguishable. */
const exactValuesTo = 2_000_000

/**
 * Mann-Whitney U test. Evidently asks for `less`: only a current sample shifted upwards is drift;
 * `two-sided` finds both directions.
 */
export function mannWhitney(reference: Sample, current: Sample, alternative: 'less' | 'two-sided' = 'less'): PValue {
  const [n, m] = [reference.length, current.length]
  if (n === 0 || m === 0) return noPValue(emptySide)
  const ranks = pooledRanks(sorted(reference), sorted(current))
  const statistic = ranks.first.reduce((sum, rank) => sum + rank, 0) - (n * (n + 1)) / 2
  const large = alternative === 'less' ? n * m - statistic : Math.max(statistic, n * m - statistic)
  const exact = Math.min(n, m) <= exactTo && ranks.ties === 0 && n * m <= exactValuesTo
  const tail = exact ? exactSf(large, n, m) : normalTail(large, n, m, ranks.ties)
  return { statistic, pValue: Math.min(1, alternative === 'less' ? tail : 2 * tail) }
}

/** Normal approximation with continuity and tie correction. */
function normalTail(u: number, n: number, m: number, ties: number): number {
  const total = n + m
  const variance = ((n * m) / 12) * (total + 1 - ties / (total * (total - 1)))
  const excess = u - (n * m) / 2 - 0.5
  return variance > 0 ? normalSf(excess / Math.sqrt(variance)) : excess > 0 ? 0 : 1
}

/** P(U ≥ u) from the numbers of arrangements per value of U, the coefficients of a Gaussian binomial. */
function exactSf(u: number, n: number, m: number): number {
  const arrangements = gaussianBinomial(Math.min(n, m), Math.max(n, m))
  let [tail, all] = [0, 0]
  for (let value = 0; value < arrangements.length; value++) {
    all += arrangements[value] ?? 0
    if (value <= n * m - u) tail += arrangements[value] ?? 0
  }
  return tail / all
}

/** Coefficients of Π (1 − q^(large + i)) / (1 − q^i), i = 1…small; the upper half mirrors the lower. */
function gaussianBinomial(small: number, large: number): Float64Array {
  const top = small * large
  const half = Math.floor(top / 2)
  const counts = new Float64Array(top + 1)
  counts[0] = 1
  for (let i = 1; i <= small; i++) {
    for (let k = half; k >= large + i; k--) counts[k] = (counts[k] ?? 0) - (counts[k - large - i] ?? 0)
    for (let k = i; k <= half; k++) counts[k] = (counts[k] ?? 0) + (counts[k - i] ?? 0)
  }
  for (let k = 0; k <= half; k++) counts[top - k] = counts[k] ?? 0
  return counts
}
