import { type Sample, sorted } from '../sample.ts'
import { emptySide, noPValue, type PValue } from './outcome.ts'

/** Significance levels and their critical values for two samples: b0 + b1 + b2 of Scholz and Stephens (1987), table 2. */
const table = [
  { level: 0.25, critical: 0.675 - 0.245 - 0.105 },
  { level: 0.1, critical: 1.281 + 0.25 - 0.305 },
  { level: 0.05, critical: 1.645 + 0.678 - 0.362 },
  { level: 0.025, critical: 1.96 + 1.149 - 0.391 },
  { level: 0.01, critical: 2.326 + 1.822 - 0.396 },
  { level: 0.005, critical: 2.573 + 2.364 - 0.345 },
  { level: 0.001, critical: 3.085 + 3.615 - 0.154 },
] as const

/** Two-sample Anderson-Darling test with midranks; p interpolated on the table and held within [0.001, 0.25]. */
export function andersonDarling(reference: Sample, current: Sample): PValue {
  const [a, b] = [sorted(reference), sorted(current)]
  if (a.length === 0 || b.length === 0) return noPValue(emptySide)
  if (a.length + b.length < 4) return noPValue('fewer than four values')
  if (Math.min(a[0] ?? 0, b[0] ?? 0) === Math.max(a.at(-1) ?? 0, b.at(-1) ?? 0)) return noPValue('all values are equal')
  const statistic = (midrankStatistic(a, b) - 1) / Math.sqrt(nullVariance(a.length, b.length))
  return { statistic, pValue: significance(statistic) }
}

/** A² with midranks, equation 7 of Scholz and Stephens. */
function midrankStatistic(a: Float64Array, b: Float64Array): number {
  const total = a.length + b.length
  let [i, j, sumA, sumB] = [0, 0, 0, 0]
  while (i < a.length || j < b.length) {
    const value = Math.min(a[i] ?? Number.POSITIVE_INFINITY, b[j] ?? Number.POSITIVE_INFINITY)
    const [fromA, fromB] = [i, j]
    while (i < a.length && (a[i] ?? 0) <= value) i++
    while (j < b.length && (b[j] ?? 0) <= value) j++
    const ties = i - fromA + j - fromB
    const below = fromA + fromB + ties / 2
    const weight = ties / total / (below * (total - below) - (total * ties) / 4)
    sumA += weight * (total * ((fromA + i) / 2) - below * a.length) ** 2
    sumB += weight * (total * ((fromB + j) / 2) - below * b.length) ** 2
  }
  return ((sumA / a.length + sumB / b.length) * (total - 1)) / total
}

/** Variance of A² under the null hypothesis, equation 4 of Scholz and Stephens for two samples. */
function nullVariance(n: number, m: number): number {
  const total = n + m
  const inverse = 1 / n + 1 / m
  let [h, g] = [1, 0]
  let tail = 0
  for (let j = 2; j < total; j++) {
    tail += 1 / (total - j + 1)
    g += tail / j
    h += 1 / j
  }
  const cubic = 4 * g - 6 + (10 - 6 * g) * inverse
  const square = (2 * g - 4) * 4 + 16 * h + (2 * g - 14 * h - 4) * inverse - 8 * h + 4 * g - 6
  const linear = (6 * h + 2 * g - 2) * 4 + (4 * h - 4 * g + 6) * 2 + (2 * h - 6) * inverse + 4 * h
  const constant = (2 * h + 6) * 4 - 8 * h
  const polynomial = ((cubic * total + square) * total + linear) * total + constant
  return polynomial / ((total - 1) * (total - 2) * (total - 3))
}

/** Least-squares parabola of ln level on the critical values, held within the table. */
function significance(statistic: number): number {
  const critical = table.map((row) => row.critical)
  if (statistic < Math.min(...critical)) return 0.25
  if (statistic > Math.max(...critical)) return 0.001
  return Math.exp(parabola(statistic))
}

/** The value at x of the fitted parabola, through polynomials orthogonal on the critical values. */
function parabola(x: number): number {
  const basis: ((u: number) => number)[] = [() => 1]
  const points = table.map((row) => row.critical)
  const inner = (f: (u: number) => number, g: (u: number) => number) => points.reduce((sum, u) => sum + f(u) * g(u), 0)
  for (let degree = 1; degree <= 2; degree++) {
    const earlier = [...basis]
    const raw = (u: number) => u ** degree
    const weights = earlier.map((f) => inner(raw, f) / inner(f, f))
    basis.push((u) => earlier.reduce((value, f, i) => value - (weights[i] ?? 0) * f(u), raw(u)))
  }
  return basis.reduce((value, f) => {
    const fit = table.reduce((sum, row) => sum + Math.log(row.level) * f(row.critical), 0) / inner(f, f)
    return value + fit * f(x)
  }, 0)
}
