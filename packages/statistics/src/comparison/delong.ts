import { normalQuantile, normalSf } from '../distributions/normal.ts'
import { type ClassSizes, classRows, type Placements, unseenArea } from '../metrics/ranking.ts'
import { accelerationOf, cautionOfOne, cautious } from './bootstrap.ts'
import {
  type Bounded,
  type Bounds,
  normalBounds,
  pValueEqual,
  type RelativeBounds,
  relativeRange,
  unseenContrast,
  within,
} from './bounds.ts'
import { type Inference, noDifference } from './inference.ts'
import { lackOfClass } from './minimum.ts'

/** Areas of two models on the same rows with their covariances (DeLong, DeLong and Clarke-Pearson 1988). */
export interface DeLong {
  readonly candidate: Area
  readonly baseline: Area
  readonly covariance: number
}

interface Area {
  readonly area: number
  readonly variance: number
}

/** Rows of two classes and what each weighs. */
export interface ClassedRows {
  readonly positive: Uint8Array
  readonly weights: Float64Array
}

export function delong(a: Placements, b: Placements, rows: ClassedRows): DeLong {
  const sizes = classRows(rows.positive, rows.weights)
  return {
    candidate: { area: a.area, variance: covariance(a, a, rows, sizes) },
    baseline: { area: b.area, variance: covariance(b, b, rows, sizes) },
    covariance: covariance(a, b, rows, sizes),
  }
}

/** Of weighted rows that of the weighted means; with equal weights it is DeLong's. */
function covariance(a: Placements, b: Placements, { positive, weights }: ClassedRows, sizes: ClassSizes): number {
  let [ofPositives, ofNegatives] = [0, 0]
  for (let i = 0; i < positive.length; i++) {
    const weight = weights[i] ?? 0
    const product = weight * weight * ((a.placements[i] ?? 0) - a.area) * ((b.placements[i] ?? 0) - b.area)
    if (positive[i] === 1) ofPositives += product
    else ofNegatives += product
  }
  const unbiased = (rows: number) => rows / (rows - 1)
  return (
    (unbiased(sizes.positives) * ofPositives) / a.positives ** 2 +
    (unbiased(sizes.negatives) * ofNegatives) / a.negatives ** 2
  )
}

/**
 * Bounds of one area on the logit scale, which keeps them inside (0, 1) and holds its level near 1. Perfect order is
 * bounded however small the classes, anything else is not.
 */
function areaBounds({ area, variance }: Area, placed: Placements, rows: ClassedRows, smaller: number): Bounds | null {
  const lack = lackOfClass(smaller)
  if (variance <= negligible) return lack && area < 1 ? null : unseenBounds(area, smaller)
  if (lack) return null
  const [logit, error] = [Math.log(area / (1 - area)), Math.sqrt(variance) / (area * (1 - area))]
  const skewness = skewnessOf(placed, rows)
  const bound = (z: number) => 1 / (1 + Math.exp(-logit - z * error))
  return {
    lower: (alpha) => bound(normalQuantile(cautious(alpha, -skewness, cautionOfOne))),
    upper: (alpha) => bound(-normalQuantile(cautious(alpha, skewness, cautionOfOne))),
  }
}

/** Of the sum of the rows' influences on the area, over six. */
function skewnessOf({ placements, area, positives, negatives }: Placements, rows: ClassedRows): number {
  const { positive, weights } = rows
  const total = (i: number) => (positive[i] === 1 ? positives : negatives)
  return accelerationOf(placements.map((placement, i) => ((weights[i] ?? 0) * (placement - area)) / total(i)))
}

/** A variance that rounding leaves of placements that are all equal: of scores in perfect order, or all the same. */
const negligible = 1e-28

function unseenBounds(area: number, smallerClass: number): Bounds {
  const ends = (alpha: number) => unseenArea(area, smallerClass, alpha)
  return { lower: (alpha) => ends(alpha)[0], upper: (alpha) => ends(alpha)[1] }
}

/** DeLong's interval and test for areas under the ROC curve of two classes; the baseline may be absent. */
export function inferArea(candidate: Placements, baseline: Placements | null, rows: ClassedRows): Inference {
  const { positives, negatives } = classRows(rows.positive, rows.weights)
  const smallerClass = Math.min(positives, negatives)
  const both = delong(candidate, baseline ?? candidate, rows)
  const single = areaBounds(both.candidate, candidate, rows, smallerClass)
  const alone = { candidate: single, candidateMethod: single ? 'DeLong, logit scale' : '' }
  const reason = lackOfClass(smallerClass)
  if (!baseline) return { ...alone, ...noDifference, reason: single ? null : reason }
  const other = areaBounds(both.baseline, baseline, rows, smallerClass)
  if (reason) return { ...alone, ...noDifference, baseline: other, reason }
  return { ...alone, baseline: other, ...inferDifference(both, smallerClass), method: 'DeLong', reason: null }
}

function inferDifference(both: DeLong, smallerClass: number) {
  const relative: RelativeBounds = (share) => relativeArea(both, smallerClass, share)
  const difference = relativeArea(both, smallerClass, 0)
  const [estimate, error] = contrastOf(both, 1)
  const pValue = error > 0 ? Math.min(1, 2 * normalSf(Math.abs(estimate) / error)) : pValueEqual(difference, 0)
  return { difference, relative, pValue }
}

/** Candidate − scale × baseline with its standard error, 0 where the variance is what rounding leaves of none. */
function contrastOf({ candidate, baseline, covariance }: DeLong, scale: number): readonly [number, number] {
  const alone = candidate.variance + scale * scale * baseline.variance
  const variance = alone - 2 * scale * covariance
  const least = Math.max(negligible, 1e-14 * alone)
  return [candidate.area - scale * baseline.area, variance > least ? Math.sqrt(variance) : 0]
}

/** Where both models rank alike, or each without any variance, no more is known than what the rows cannot show. */
function relativeArea({ candidate, baseline, ...both }: DeLong, smallerClass: number, share: number): Bounds {
  const scale = 1 + share
  const [estimate, error] = contrastOf({ candidate, baseline, ...both }, scale)
  const range = relativeRange([0, 1], share)
  if (error > 0) return normalBounds(estimate, error, range)
  const unseen = ({ area }: Area): Bounded => ({ value: area, bounds: unseenBounds(area, smallerClass) })
  return within(unseenContrast(unseen(candidate), unseen(baseline), scale), range)
}
