/** Midranks of two sorted samples in their union, and the sum of t³ − t over groups of t tied values. */
export interface PooledRanks {
  readonly first: Float64Array
  readonly second: Float64Array
  readonly ties: number
}

export function pooledRanks(a: Float64Array, b: Float64Array): PooledRanks {
  const first = new Float64Array(a.length)
  const second = new Float64Array(b.length)
  let [i, j, ties] = [0, 0, 0]
  while (i < a.length || j < b.length) {
    const value = Math.min(a[i] ?? Number.POSITIVE_INFINITY, b[j] ?? Number.POSITIVE_INFINITY)
    const [fromA, fromB] = [i, j]
    while (i < a.length && (a[i] ?? 0) <= value) i++
    while (j < b.length && (b[j] ?? 0) <= value) j++
    const rank = (fromA + fromB + 1 + i + j) / 2
    first.fill(rank, fromA, i)
    second.fill(rank, fromB, j)
    const tied = i - fromA + j - fromB
    ties += tied ** 3 - tied
  }
  return { first, second, ties }
}
