import { besselKScaled } from '../distributions/bessel.ts'
import { logGamma } from '../distributions/gamma.ts'
import { type Sample, sorted } from '../sample.ts'
import { greatestCommonDivisor } from './kolmogorov-smirnov.ts'
import { noPValue, type PValue } from './outcome.ts'
import { pooledRanks } from './ranks.ts'

/** Up to this many values on each side the p-value is exact. */
const exactTo = 20

/** Two-sample Cramér-von Mises test with midranks, as SciPy's `cramervonmises_2samp`. */
export function cramerVonMises(reference: Sample, current: Sample): PValue {
  const [n, m] = [reference.length, current.length]
  if (n < 2 || m < 2) return noPValue('fewer than two values on one side')
  const ranks = pooledRanks(sorted(reference), sorted(current))
  const spread = (side: Float64Array) => side.reduce((sum, rank, i) => sum + (rank - i - 1) ** 2, 0)
  const u = n * spread(ranks.first) + m * spread(ranks.second)
  const statistic = u / (n * m * (n + m)) - (4 * n * m - 1) / (6 * (n + m))
  return { statistic, pValue: Math.max(n, m) > exactTo ? asymptotic(statistic, n, m) : exact(u, n, m) }
}

/** The statistic standardised to the one-sample limit by its first two moments (Anderson 1962, equations 11, 14, 15). */
function asymptotic(statistic: number, n: number, m: number): number {
  const total = n + m
  const product = n * m
  const expected = (1 + 1 / total) / 6
  const variance =
    ((total + 1) * (4 * product * total - 3 * (n * n + m * m) - 2 * product)) / (45 * total ** 2 * 4 * product)
  const standard = 1 / 6 + (statistic - expected) / Math.sqrt(45 * variance)
  return standard < 0.003 ? 1 : Math.max(0, 1 - limitCdf(standard))
}

/** The series of Anderson and Darling (1952) in Bessel functions, stopped as SciPy does after a term below 1e-7. */
function limitCdf(x: number): number {
  let sum = 0
  for (let k = 0; ; k++) {
    const y = 4 * k + 1
    const q = (y * y) / (16 * x)
    const weight = Math.exp(logGamma(k + 0.5) - logGamma(k + 1)) / (Math.PI ** 1.5 * Math.sqrt(x))
    const term = weight * Math.sqrt(y) * Math.exp(-2 * q) * besselKScaled(0.25, q)
    sum += term
    if (term < 1e-7) return sum
  }
}

/** Counts the lattice paths by their statistic (Xiao, Gordon and Yakovlev 2006) and takes the share at least as large. */
function exact(u: number, n: number, m: number): number {
  const lcm = (n / greatestCommonDivisor(n, m)) * m
  const product = n * m
  const threshold = Math.floor((lcm ** 2 * (n + m) * (6 * u - product * (4 * product - 1))) / (6 * product ** 2))
  let column: Map<number, number>[] = []
  for (let i = 0; i <= m; i++) {
    const next: Map<number, number>[] = []
    for (let j = 0; j <= n; j++) {
      const square = ((lcm / n) * j - (lcm / m) * i) ** 2
      const sources = i === 0 && j === 0 ? [new Map([[0, 1]])] : [column[j], next[j - 1]]
      next.push(merge(sources, square))
    }
    column = next
  }
  let [large, all] = [0, 0]
  for (const [value, paths] of column[n] ?? []) {
    all += paths
    if (value >= threshold) large += paths
  }
  return large / all
}

function merge(sources: readonly (Map<number, number> | undefined)[], shift: number): Map<number, number> {
  const merged = new Map<number, number>()
  for (const source of sources) {
    for (const [value, paths] of source ?? []) merged.set(value + shift, (merged.get(value + shift) ?? 0) + paths)
  }
  return merged
}
