import { binOf } from '../binning.ts'
import type { Sample } from '../sample.ts'
import { ksPValueOf } from './kolmogorov-smirnov.ts'
import { normOf } from './wasserstein.ts'

/** Rows and sum of values per bin. All rows lie within the first and the last edge. */
export interface BinnedSample {
  /** k + 1 ascending edges. */
  readonly edges: ArrayLike<number>
  /** Rows in each of the k bins [edge, next edge), the last one closed. */
  readonly counts: ArrayLike<number>
  /** Sum of the values in each bin. */
  readonly sums: ArrayLike<number>
}

/** Lower and upper end of what the exact value can be. */
export type Certified = readonly [lower: number, upper: number]

const unequalEdges = 'the two histograms have different edges'
const emptyHistogram = 'one histogram has no rows'

/** Bins a sample over edges that hold all of it; throws a RangeError where they do not. */
export function binSample(sample: Sample, edges: ArrayLike<number>): BinnedSample {
  const counts = new Float64Array(edges.length - 1)
  const sums = new Float64Array(edges.length - 1)
  for (let i = 0; i < sample.length; i++) {
    const value = sample[i] ?? Number.NaN
    const bin = binOf(value, edges)
    if (bin < 0) throw new RangeError(`${value} lies outside the edges`)
    counts[bin] = (counts[bin] ?? 0) + 1
    sums[bin] = (sums[bin] ?? 0) + value
  }
  return { edges, counts, sums }
}

/** Hard bounds of the two-sample Kolmogorov-Smirnov statistic, and of its p-value, from two histograms alone. */
export function boundKs(
  reference: BinnedSample,
  current: BinnedSample,
): { readonly statistic: Certified; readonly pValue: Certified } | { readonly reason: string } {
  const bins = align(reference, current)
  if ('reason' in bins) return bins
  let [lower, upper] = [0, 0]
  for (const { f0, f1, g0, g1, width } of bins.list) {
    lower = Math.max(lower, Math.abs(f1 - g1))
    // Rows of a bin without width are equal, so that nothing happens between its edges.
    upper = Math.max(upper, width === 0 ? Math.abs(f1 - g1) : Math.max(Math.abs(f1 - g0), Math.abs(f0 - g1)))
  }
  const p = (statistic: number) => ksPValueOf(statistic, bins.referenceRows, bins.currentRows)
  return { statistic: [lower, upper], pValue: [p(upper), p(lower)] }
}

/** Hard bounds of the normed Wasserstein distance, given the population standard deviation of the reference. */
export function boundWasserstein(
  reference: BinnedSample,
  current: BinnedSample,
  referenceDeviation: number,
): { readonly distance: Certified } | { readonly reason: string } {
  const bins = align(reference, current)
  if ('reason' in bins) return bins
  let [lower, upper] = [0, 0]
  for (const bin of bins.list) {
    const least = Math.abs(bin.f - bin.g)
    lower += least
    upper += Math.max(least, largestGap(bin))
  }
  const norm = normOf(referenceDeviation)
  return { distance: [lower / norm, upper / norm] }
}

/** Both distribution functions over one bin: values at its ends, and integrals, which count and sum fix exactly. */
interface Bin {
  readonly width: number
  readonly f0: number
  readonly f1: number
  readonly g0: number
  readonly g1: number
  readonly f: number
  readonly g: number
}

/**
 * The largest ∫ |F − G| that ends and integrals allow. Where the ranges of F and G do not overlap it is |∫F − ∫G|.
 * Else ∫ |F − G| = ∫ (F − G) + 2 ∫ (G − F)⁺, and since F ≥ f0 and G ≤ g1, the last integral is at most that of
 * (G − f0)⁺ and that of (g1 − F)⁺, each largest, by convexity, when the function jumps between its ends.
 */
function largestGap({ width, f0, f1, g0, g1, f, g }: Bin): number {
  const span = width * Math.max(Math.abs(f1 - g0), Math.abs(f0 - g1))
  const gAboveF = Math.min(excess(g, g0, g1, f0, width), shortfall(f, f0, f1, g1, width))
  const fAboveG = Math.min(excess(f, f0, f1, g0, width), shortfall(g, g0, g1, f1, width))
  return Math.min(span, f - g + 2 * gAboveF, g - f + 2 * fAboveG)
}

/** The largest ∫ (H − level)⁺ for H between two ends with a given integral. */
function excess(integral: number, start: number, end: number, level: number, width: number): number {
  if (end <= start) return width * Math.max(0, start - level)
  const atEnd = (integral - start * width) / (end - start)
  return atEnd * Math.max(0, end - level) + (width - atEnd) * Math.max(0, start - level)
}

/** The largest ∫ (level − H)⁺ for H between two ends with a given integral. */
function shortfall(integral: number, start: number, end: number, level: number, width: number): number {
  return excess(-integral, -end, -start, -level, width)
}

interface Aligned {
  readonly list: readonly Bin[]
  readonly referenceRows: number
  readonly currentRows: number
}

function align(reference: BinnedSample, current: BinnedSample): Aligned | { readonly reason: string } {
  const bins = reference.counts.length
  if (current.edges.length !== reference.edges.length) return { reason: unequalEdges }
  for (let i = 0; i <= bins; i++) if (reference.edges[i] !== current.edges[i]) return { reason: unequalEdges }
  const [n, m] = [total(reference.counts), total(current.counts)]
  if (n === 0 || m === 0) return { reason: emptyHistogram }
  const [list, low] = [[] as Bin[], reference.edges[0] ?? 0]
  let [f1, g1] = [0, 0]
  for (let i = 0; i < bins; i++) {
    // Shifted to the first edge: large values with a small spread would cancel.
    const [from, to] = [(reference.edges[i] ?? 0) - low, (reference.edges[i + 1] ?? 0) - low]
    const [f0, g0] = [f1, g1]
    const integral = (side: BinnedSample, rows: number, start: number) => {
      const [count, sum] = [side.counts[i] ?? 0, side.sums[i] ?? 0]
      return start * (to - from) + (count * to - (sum - count * low)) / rows
    }
    const [f, g] = [integral(reference, n, f0), integral(current, m, g0)]
    f1 += (reference.counts[i] ?? 0) / n
    g1 += (current.counts[i] ?? 0) / m
    list.push({ width: to - from, f0, f1, g0, g1, f, g })
  }
  return { list, referenceRows: n, currentRows: m }
}

function total(counts: ArrayLike<number>): number {
  let sum = 0
  for (let i = 0; i < counts.length; i++) sum += counts[i] ?? 0
  return sum
}
