/** Numbers of one column, in any order. The tests expect finite values; `finite` makes them so. */
export type Sample = Float64Array | readonly number[]

/** Category → number of rows. Missing values are left out. */
export type CategoryCounts = ReadonlyMap<string | number | boolean, number>

/** The values that are neither NaN nor infinite; the same array when all are. */
export function finite(sample: Sample): Sample {
  let count = 0
  for (let i = 0; i < sample.length; i++) if (Number.isFinite(sample[i])) count++
  if (count === sample.length) return sample
  const kept = new Float64Array(count)
  let next = 0
  for (let i = 0; i < sample.length; i++) {
    const value = sample[i] ?? Number.NaN
    if (Number.isFinite(value)) kept[next++] = value
  }
  return kept
}

/** A sorted copy. */
export function sorted(sample: Sample): Float64Array {
  return Float64Array.from(sample).sort()
}

/** Both samples in one. */
export function pool(first: Sample, second: Sample): Float64Array {
  const pooled = new Float64Array(first.length + second.length)
  pooled.set(first)
  pooled.set(second, first.length)
  return pooled
}

/** The distinct values of a sample, ascending. */
export function distinctValues(sample: Sample): Float64Array {
  const ascending = sorted(sample)
  let count = 0
  for (let i = 0; i < ascending.length; i++) {
    if (i === 0 || ascending[i] !== ascending[count - 1]) ascending[count++] = ascending[i] ?? 0
  }
  return ascending.subarray(0, count)
}

/** Counts per distinct value, in ascending order of the values. */
export function countValues(sample: Sample): CategoryCounts {
  const ascending = sorted(sample)
  const counts = new Map<number, number>()
  let start = 0
  for (let i = 1; i <= ascending.length; i++) {
    if (i < ascending.length && ascending[i] === ascending[start]) continue
    counts.set((ascending[start] ?? 0) + 0, i - start)
    start = i
  }
  return counts
}

/** The number of rows in all categories. */
export function totalCount(counts: CategoryCounts): number {
  let total = 0
  for (const count of counts.values()) total += count
  return total
}

/** Categories with at least one row on either side, numbers by size and text by code point, as Python sorts them. */
export function sortedCategories(reference: CategoryCounts, current: CategoryCounts): (string | number | boolean)[] {
  const keys = new Set<string | number | boolean>()
  for (const counts of [reference, current]) {
    for (const [key, count] of counts) if (count > 0) keys.add(key)
  }
  return [...keys].sort(compareCategories)
}

function compareCategories(a: string | number | boolean, b: string | number | boolean): number {
  if (typeof a !== 'string' && typeof b !== 'string') return Number(a) - Number(b)
  return compareCodePoints(String(a), String(b))
}

function compareCodePoints(a: string, b: string): number {
  const left = a[Symbol.iterator]()
  const right = b[Symbol.iterator]()
  for (;;) {
    const x = left.next()
    const y = right.next()
    if (x.done || y.done) return Number(y.done ?? false) - Number(x.done ?? false)
    const order = (x.value.codePointAt(0) ?? 0) - (y.value.codePointAt(0) ?? 0)
    if (order !== 0) return order
  }
}

export function mean(sample: Sample): number {
  let sum = 0
  for (let i = 0; i < sample.length; i++) sum += sample[i] ?? 0
  return sum / sample.length
}

/** Sum of squared distances from the mean. */
export function squaredDeviations(sample: Sample, centre = mean(sample)): number {
  let sum = 0
  for (let i = 0; i < sample.length; i++) sum += ((sample[i] ?? 0) - centre) ** 2
  return sum
}

/** The quantile of a sorted sample with linear interpolation between order statistics (Hyndman and Fan's type 7). */
export function quantile(ascending: ArrayLike<number>, share: number): number {
  const position = share * (ascending.length - 1)
  const below = Math.floor(position)
  const low = ascending[below] ?? Number.NaN
  const high = ascending[Math.min(below + 1, ascending.length - 1)] ?? Number.NaN
  return low + (high - low) * (position - below)
}
