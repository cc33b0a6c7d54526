import {
  type CategoryCounts,
  countValues,
  distinctValues,
  pool,
  type Sample,
  sortedCategories,
  totalCount,
} from './sample.ts'

/** Shares of the rows of each side per bin; each sums to 1 unless zeros were filled. */
export interface Shares {
  readonly reference: Float64Array
  readonly current: Float64Array
}

export interface BinningOptions {
  /** The column holds integers: bins are at least 1 wide, as in numpy ≥ 2.1. */
  readonly integer?: boolean
}

/** Above this many distinct reference values Evidently bins a numeric column, else it counts values. */
const binnedAbove = 20

/**
 * Edges of numpy's `sturges` bins over a sample: equal widths, the first edge its minimum, the last its maximum.
 * Undefined when the values are too close together for that many bins ("Too many bins" in numpy).
 */
export function sturgesEdges(sample: Sample, options: BinningOptions = {}): Float64Array | undefined {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (let i = 0; i < sample.length; i++) {
    const value = sample[i] ?? 0
    if (value < low) low = value
    if (value > high) high = value
  }
  const width = (high - low) / (Math.log2(sample.length) + 1)
  const bins = width > 0 ? Math.ceil((high - low) / (options.integer && width < 1 ? 1 : width)) : 1
  return low === high ? equalWidthEdges(low - 0.5, high + 0.5, 1) : equalWidthEdges(low, high, bins)
}

function equalWidthEdges(low: number, high: number, bins: number): Float64Array | undefined {
  if (!Number.isFinite(bins)) return undefined
  const edges = new Float64Array(bins + 1)
  const step = (high - low) / bins
  for (let i = 0; i < bins; i++) edges[i] = low + i * step
  edges[bins] = high
  for (let i = 1; i <= bins; i++) if ((edges[i] ?? 0) <= (edges[i - 1] ?? 0)) return undefined
  return edges
}

/** The bin [edge, next edge) that holds a value, the last bin closed; −1 outside. */
export function binOf(value: number, edges: ArrayLike<number>): number {
  const last = edges.length - 1
  if (!(value >= (edges[0] ?? 0) && value <= (edges[last] ?? 0))) return -1
  let [low, high] = [0, last]
  while (high - low > 1) {
    const middle = (low + high) >>> 1
    if (value >= (edges[middle] ?? 0)) low = middle
    else high = middle
  }
  return low
}

/** Rows per bin; bins are [edge, next edge), the last one closed, as numpy counts. Rows outside are left out. */
export function histogram(sample: Sample, edges: ArrayLike<number>): Float64Array {
  const counts = new Float64Array(edges.length - 1)
  for (let i = 0; i < sample.length; i++) {
    const bin = binOf(sample[i] ?? Number.NaN, edges)
    if (bin >= 0) counts[bin] = (counts[bin] ?? 0) + 1
  }
  return counts
}

/**
 * Evidently's bins of a numeric column: Sturges over both samples together when the reference has more than
 * 20 distinct values, else one bin per value. Undefined when the values are too close for the bins.
 */
export function binNumeric(reference: Sample, current: Sample, options: BinningOptions = {}): Shares | undefined {
  if (distinctValues(reference).length <= binnedAbove) {
    return binCategories(countValues(reference), countValues(current))
  }
  return sharesOver(sturgesEdges(pool(reference, current), options), reference, current)
}

/** Bins of `hellinger` for a numeric column: Sturges over the distinct values of both samples. */
export function binDistinct(reference: Sample, current: Sample, options: BinningOptions = {}): Shares | undefined {
  return sharesOver(sturgesEdges(distinctValues(pool(reference, current)), options), reference, current)
}

function sharesOver(edges: Float64Array | undefined, reference: Sample, current: Sample): Shares | undefined {
  if (!edges) return undefined
  return {
    reference: histogram(reference, edges).map((count) => count / reference.length),
    current: histogram(current, edges).map((count) => count / current.length),
  }
}

/** One bin per category seen on either side, in sorted order. */
export function binCategories(reference: CategoryCounts, current: CategoryCounts): Shares {
  const keys = sortedCategories(reference, current)
  const [referenceRows, currentRows] = [totalCount(reference), totalCount(current)]
  return {
    reference: Float64Array.from(keys, (key) => (reference.get(key) ?? 0) / referenceRows),
    current: Float64Array.from(keys, (key) => (current.get(key) ?? 0) / currentRows),
  }
}

/** Evidently's `feel_zeroes`: an empty bin gets 0.0001, or a millionth of the smallest share when that is smaller still. */
export function fillZeros(shares: Shares): Shares {
  return { reference: fill(shares.reference), current: fill(shares.current) }
}

function fill(shares: Float64Array): Float64Array {
  const smallest = shares.reduce(
    (least, share) => (share > 0 && share < least ? share : least),
    Number.POSITIVE_INFINITY,
  )
  const substitute = smallest <= 0.0001 ? smallest / 1e6 : 0.0001
  return shares.map((share) => (share === 0 ? substitute : share))
}
