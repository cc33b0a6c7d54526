import { createRandom, hypergeometric, type Random } from '../random.ts'
import { type CategoryCounts, pool, type Sample, sorted, sortedCategories, totalCount } from '../sample.ts'
import { emptySide, noPValue, type PValue } from './outcome.ts'

export interface PermutationOptions {
  /** Seed of the permutations, 0 unless given. */
  readonly seed?: number
  readonly permutations?: number
}

/** Total variation distance ½ Σ |p − q| with the share of permuted samples at least as far apart (1000 unless given). */
export function totalVariation(
  reference: CategoryCounts,
  current: CategoryCounts,
  options: PermutationOptions = {},
): PValue {
  const [n, m] = [totalCount(reference), totalCount(current)]
  if (n === 0 || m === 0) return noPValue(emptySide)
  const keys = sortedCategories(reference, current)
  const inReference = keys.map((key) => reference.get(key) ?? 0)
  const pooled = keys.map((key, i) => (inReference[i] ?? 0) + (current.get(key) ?? 0))
  const observed = scaledDistance(inReference, pooled, n, m)
  const random = createRandom(options.seed ?? 0)
  const rounds = options.permutations ?? 1000
  let asFar = 0
  for (let round = 0; round < rounds; round++) {
    if (scaledDistance(drawWithoutReplacement(random, pooled, n), pooled, n, m) >= observed) asFar++
  }
  return { statistic: observed / n / m / 2, pValue: asFar / rounds }
}

/** 2 n m times the distance: an integer, so that equal distances compare equal. */
function scaledDistance(reference: readonly number[], pooled: readonly number[], n: number, m: number): number {
  let sum = 0
  for (let i = 0; i < pooled.length; i++) {
    const inReference = reference[i] ?? 0
    sum += Math.abs(inReference * m - ((pooled[i] ?? 0) - inReference) * n)
  }
  return sum
}

function drawWithoutReplacement(random: Random, pooled: readonly number[], n: number): number[] {
  let rows = pooled.reduce((sum, count) => sum + count, 0)
  let left = n
  return pooled.map((count) => {
    const drawn = hypergeometric(random, count, rows, left)
    rows -= count
    left -= drawn
    return drawn
  })
}

/** Pooled rows above which the quadratic work of `maximumMeanDiscrepancy` is refused. */
const kernelRowsTo = 5000

/**
 * Unbiased squared maximum mean discrepancy with a Gaussian kernel of width √(½ median squared distance in the
 * reference), with the share of permuted samples at least as large (100 unless given).
 */
export function maximumMeanDiscrepancy(reference: Sample, current: Sample, options: PermutationOptions = {}): PValue {
  const [n, m] = [reference.length, current.length]
  if (n < 2 || m < 2) return noPValue('fewer than two values on one side')
  if (n + m > kernelRowsTo) return noPValue(`more than ${kernelRowsTo} rows: the kernel needs every pair of them`)
  const values = pool(reference, current)
  const spread = medianSquaredDistance(sorted(reference))
  const rounds = options.permutations ?? 100
  const groups = permutedGroups(n, m, rounds, createRandom(options.seed ?? 0))
  const statistics = discrepancies(values, 1 / (spread === 0 ? 1 : spread), groups, n, m)
  const observed = statistics[0] ?? Number.NaN
  // Permutations that only swap equal values differ from the observed one by rounding.
  const asLarge = statistics.subarray(1).reduce((count, value) => count + Number(value >= observed - 1e-12), 0)
  return { statistic: observed, pValue: asLarge / rounds }
}

/** One membership vector per round, 1 for the reference; round 0 is the split as given. Laid out row by row. */
function permutedGroups(n: number, m: number, rounds: number, random: Random): Uint8Array {
  const rows = n + m
  const stride = rounds + 1
  const groups = new Uint8Array(rows * stride)
  const order = Uint32Array.from({ length: rows }, (_, i) => i)
  for (let round = 0; round < stride; round++) {
    for (let i = 0; i < n; i++) {
      const j = round === 0 ? i : i + random.below(rows - i)
      const row = order[j] ?? 0
      order[j] = order[i] ?? 0
      order[i] = row
      groups[row * stride + round] = 1
    }
  }
  return groups
}

function discrepancies(values: Float64Array, gamma: number, groups: Uint8Array, n: number, m: number): Float64Array {
  const stride = groups.length / values.length
  const within = [new Float64Array(stride), new Float64Array(stride), new Float64Array(stride)] as const
  for (let i = 0; i < values.length; i++) {
    for (let j = 0; j < i; j++) {
      const kernel = Math.exp(-gamma * ((values[i] ?? 0) - (values[j] ?? 0)) ** 2)
      for (let round = 0; round < stride; round++) {
        const members = (groups[i * stride + round] ?? 0) + (groups[j * stride + round] ?? 0)
        const sums = within[members] ?? within[0]
        sums[round] = (sums[round] ?? 0) + kernel
      }
    }
  }
  const [current, between, reference] = within
  return reference.map(
    (sum, round) =>
      (2 * sum) / (n * (n - 1)) + (2 * (current[round] ?? 0)) / (m * (m - 1)) - (2 * (between[round] ?? 0)) / (n * m),
  )
}

/** The median (nearest rank) of the squared distances of all ordered pairs, each value with itself included. */
function medianSquaredDistance(ascending: Float64Array): number {
  const n = ascending.length
  const distances = new Float64Array(n * n)
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) distances[i * n + j] = ((ascending[i] ?? 0) - (ascending[j] ?? 0)) ** 2
  }
  const middle = (n * n - 1) / 2
  const rank = middle % 1 === 0.5 ? Math.floor(middle) + (Math.floor(middle) % 2) : middle
  return distances.sort()[rank] ?? 0
}
