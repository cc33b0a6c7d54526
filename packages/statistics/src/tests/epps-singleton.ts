import { chiSquareSf } from '../distributions/gamma.ts'
import { pool, quantile, type Sample, sorted } from '../sample.ts'
import { noPValue, type PValue } from './outcome.ts'

/** Where the empirical characteristic functions are compared, in semi-interquartile ranges (Epps and Singleton 1986). */
const points = [0.4, 0.8] as const

/** Side of the matrices below: cosine and sine at each point. */
const side = 2 * points.length

/** Epps-Singleton test: the empirical characteristic functions at two points, chi-squared in the limit. */
export function eppsSingleton(reference: Sample, current: Sample): PValue {
  const [n, m] = [reference.length, current.length]
  if (n < 5 || m < 5) return noPValue('fewer than five values on one side')
  const pooled = sorted(pool(reference, current))
  const scale = (quantile(pooled, 0.75) - quantile(pooled, 0.25)) / 2
  if (scale === 0) return noPValue('the interquartile range is zero')
  const [a, b] = [moments(reference, scale), moments(current, scale)]
  const total = n + m
  const covariance = a.covariance.map((value, i) => (total / n) * value + (total / m) * (b.covariance[i] ?? 0))
  const difference = a.mean.map((value, i) => value - (b.mean[i] ?? 0))
  const { form, rank } = inverseForm(covariance, difference)
  if (rank === 0) return noPValue('the characteristic functions do not vary')
  const correction = Math.max(n, m) < 25 ? 1 / (1 + total ** -0.45 + 10.1 * (n ** -1.7 + m ** -1.7)) : 1
  const statistic = total * form * correction
  return { statistic, pValue: chiSquareSf(statistic, rank) }
}

interface Moments {
  readonly mean: readonly number[]
  /** Biased covariance, row by row. */
  readonly covariance: readonly number[]
}

function moments(sample: Sample, scale: number): Moments {
  const features = [
    ...points.map((t) => Float64Array.from(sample, (x) => Math.cos((t / scale) * x))),
    ...points.map((t) => Float64Array.from(sample, (x) => Math.sin((t / scale) * x))),
  ]
  const average = features.map((feature) => feature.reduce((sum, value) => sum + value, 0) / sample.length)
  const covariance = features.flatMap((f, r) =>
    features.map((g, c) => {
      let sum = 0
      for (let i = 0; i < f.length; i++) sum += ((f[i] ?? 0) - (average[r] ?? 0)) * ((g[i] ?? 0) - (average[c] ?? 0))
      return sum / sample.length
    }),
  )
  return { mean: average, covariance }
}

/** vᵀ A⁺ v for a symmetric non-negative A and the rank of A, through its eigenvectors. */
function inverseForm(matrix: readonly number[], vector: readonly number[]): { form: number; rank: number } {
  const { values, vectors } = eigen(matrix)
  const cut = side * Number.EPSILON * Math.max(...values)
  let [form, rank] = [0, 0]
  for (let c = 0; c < side; c++) {
    const value = values[c] ?? 0
    if (value <= cut) continue
    const along = vector.reduce((sum, entry, r) => sum + entry * (vectors[r * side + c] ?? 0), 0)
    form += along ** 2 / value
    rank++
  }
  return { form, rank }
}

/** Jacobi's rotations; the matrices here have four rows. */
function eigen(matrix: readonly number[]): { values: number[]; vectors: Float64Array } {
  const a = Float64Array.from(matrix)
  const vectors = Float64Array.from(matrix, (_, i) => Number(i % (side + 1) === 0))
  for (let sweep = 0; sweep < 60; sweep++) {
    for (let p = 0; p < side; p++) for (let q = p + 1; q < side; q++) rotate(a, vectors, p, q)
  }
  return { values: Array.from({ length: side }, (_, i) => a[i * side + i] ?? 0), vectors }
}

function rotate(a: Float64Array, vectors: Float64Array, p: number, q: number): void {
  const off = a[p * side + q] ?? 0
  if (off === 0) return
  const theta = ((a[q * side + q] ?? 0) - (a[p * side + p] ?? 0)) / (2 * off)
  const t = (theta >= 0 ? 1 : -1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1))
  const cosine = 1 / Math.sqrt(t * t + 1)
  const turn = (array: Float64Array, i: number, j: number) => {
    const [x, y] = [array[i] ?? 0, array[j] ?? 0]
    array[i] = cosine * x - t * cosine * y
    array[j] = t * cosine * x + cosine * y
  }
  for (let k = 0; k < side; k++) turn(a, k * side + p, k * side + q)
  for (let k = 0; k < side; k++) turn(a, p * side + k, q * side + k)
  for (let k = 0; k < side; k++) turn(vectors, k * side + p, k * side + q)
  a[p * side + q] = 0
  a[q * side + p] = 0
}
