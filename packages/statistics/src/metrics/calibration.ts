import { effectiveRows, type RowStatistic, sumOf, unseenShare } from './statistic.ts'

/** Equal widths over [0, 1], or equal numbers of rows. */
export type Binning = 'width' | 'count'

/** A bin of scores and how often the event happened in it. */
export interface CalibrationBin {
  /** Lowest score the bin may hold, or holds for equal counts. */
  readonly lower: number
  readonly upper: number
  readonly rows: number
  readonly meanScore: number
  /** Share of the rows in which the event happened. */
  readonly observed: number
}

/** Bin of each row: [k/bins, (k+1)/bins), the last one closed; or by rank, as even as the rows divide. */
function calibrationBins(scores: Float64Array, bins: number, binning: Binning): Int32Array {
  if (binning === 'width') return Int32Array.from(scores, (score) => widthBin(score, bins))
  const order = Array.from(scores.keys()).sort((a, b) => (scores[a] ?? 0) - (scores[b] ?? 0))
  const binOfRow = new Int32Array(scores.length)
  const [size, larger] = [Math.floor(scores.length / bins), scores.length % bins]
  order.forEach((row, rank) => {
    const inLarger = rank < larger * (size + 1)
    binOfRow[row] = inLarger ? Math.floor(rank / (size + 1)) : larger + Math.floor((rank - larger * (size + 1)) / size)
  })
  return binOfRow
}

function widthBin(score: number, bins: number): number {
  const guess = Math.min(bins - 1, Math.max(0, Math.floor(score * bins)))
  // The product rounds: the bin is decided by its edges.
  if (guess > 0 && score < guess / bins) return guess - 1
  return guess < bins - 1 && score >= (guess + 1) / bins ? guess + 1 : guess
}

/**
 * Observed frequency against mean score per bin, empty bins left out.
 * `truth` is 1 where the event happened, else 0; rows may be weighted.
 */
export function calibration(
  truth: ArrayLike<number>,
  score: ArrayLike<number>,
  bins = 10,
  binning: Binning = 'width',
  weights?: ArrayLike<number>,
): CalibrationBin[] {
  const scores = Float64Array.from(score)
  const binOfRow = calibrationBins(scores, bins, binning)
  const sums = Array.from({ length: bins }, () => ({ rows: 0, weight: 0, score: 0, events: 0, least: 1, most: 0 }))
  binOfRow.forEach((bin, i) => {
    const sum = sums[bin]
    if (!sum) return
    const [weight, p] = [weights ? (weights[i] ?? 0) : 1, scores[i] ?? 0]
    sum.rows++
    sum.weight += weight
    sum.score += weight * p
    sum.events += weight * (truth[i] ?? 0)
    sum.least = Math.min(sum.least, p)
    sum.most = Math.max(sum.most, p)
  })
  return sums.flatMap((sum, bin) => {
    if (sum.weight === 0) return []
    const edges = binning === 'width' ? [bin / bins, (bin + 1) / bins] : [sum.least, sum.most]
    const [lower = 0, upper = 1] = edges
    return { lower, upper, rows: sum.rows, meanScore: sum.score / sum.weight, observed: sum.events / sum.weight }
  })
}

/** Expected calibration error: the mean over rows of |observed − mean score| of their bin. */
export function expectedCalibrationError(
  events: Uint8Array,
  scores: Float64Array,
  bins: number,
  binning: Binning,
): RowStatistic {
  const binOfRow = calibrationBins(scores, bins, binning)
  const residuals = scores.map((score, i) => (events[i] ?? 0) - score)
  const perBin = (power: 1 | 2) => (weights: Float64Array) => sumsPerBin(binOfRow, bins, weights, residuals, power)
  const gaps = perBin(1)
  /** Standard deviation of each gap when rows are resampled. */
  const deviations = (weights: Float64Array) => perBin(2)(weights).map(Math.sqrt)
  const value = (weights: Float64Array) => gaps(weights).reduce((sum, gap) => sum + Math.abs(gap), 0) / sumOf(weights)
  return {
    value,
    redraw(weights) {
      const [gap, deviation, total] = [gaps(weights), deviations(weights), sumOf(weights)]
      return (random) =>
        gap.reduce((sum, mean, bin) => sum + Math.abs(mean + (deviation[bin] ?? 0) * random.normal()), 0) / total
    },
    unseen(weights) {
      const [error, rows] = [value(weights), effectiveRows(weights)]
      return (alpha) => {
        const share = unseenShare(alpha, rows)
        return [Math.max(0, error - share), Math.min(1, error + share)]
      }
    },
    gradient(weights) {
      const [gap, error, total] = [gaps(weights), value(weights), sumOf(weights)]
      return residuals.map((residual, i) => (Math.sign(gap[binOfRow[i] ?? 0] ?? 0) * residual - error) / total)
    },
  }
}

/** Sums of the weighted residuals of each bin, or of their squares. */
function sumsPerBin(
  binOfRow: Int32Array,
  bins: number,
  weights: Float64Array,
  residuals: Float64Array,
  power: 1 | 2,
): Float64Array {
  const sums = new Float64Array(bins)
  for (let i = 0; i < binOfRow.length; i++) {
    const [bin, term] = [binOfRow[i] ?? 0, (weights[i] ?? 0) * (residuals[i] ?? 0)]
    sums[bin] = (sums[bin] ?? 0) + (power === 1 ? term : term * term)
  }
  return sums
}
