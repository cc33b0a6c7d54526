import { normalQuantile, normalSf } from '../distributions/normal.ts'
import type { Placements } from '../metrics/ranking.ts'
import {
  type Bounds,
  exactBounds,
  normalBounds,
  pValueEqual,
  type RelativeBounds,
  relativeRange,
  within,
} from './bounds.ts'
import { type Inference, noDifference, noInference } from './inference.ts'

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

export function delong(a: Placements, b: Placements, positive: Uint8Array): DeLong {
  return {
    candidate: { area: a.area, variance: covariance(a, a, positive) },
    baseline: { area: b.area, variance: covariance(b, b, positive) },
    covariance: covariance(a, b, positive),
  }
}

function covariance(a: Placements, b: Placements, positive: Uint8Array): number {
  let [ofPositives, ofNegatives] = [0, 0]
  for (let i = 0; i < positive.length; i++) {
    const product = ((a.placements[i] ?? 0) - a.area) * ((b.placements[i] ?? 0) - b.area)
    if (positive[i] === 1) ofPositives += product
    else ofNegatives += product
  }
  return ofPositives / (a.positives * (a.positives - 1)) + ofNegatives / (a.negatives * (a.negatives - 1))
}

/** Bounds of one area on the logit scale, which keeps them inside (0, 1) and holds its level near 1. */
function areaBounds({ area, variance }: Area, smallerClass: number): Bounds {
  if (area === 1) return { lower: (alpha) => perfectLower(alpha, smallerClass), upper: () => 1 }
  if (area === 0) return { lower: () => 0, upper: (alpha) => 1 - perfectLower(alpha, smallerClass) }
  if (variance === 0) return exactBounds(area)
  const [logit, error] = [Math.log(area / (1 - area)), Math.sqrt(variance) / (area * (1 - area))]
  const bound = (z: number) => 1 / (1 + Math.exp(-logit - z * error))
  return { lower: (alpha) => bound(normalQuantile(alpha)), upper: (alpha) => bound(-normalQuantile(alpha)) }
}

/**
 * Lower bound of the area when the sample is separated without error: of the independent pairs, as many as the smaller
 * class has rows, all were in order, which has probability area^rows at most.
 */
function perfectLower(alpha: number, smallerClass: number): number {
  return alpha ** (1 / smallerClass)
}

/** DeLong's interval and test for areas under the ROC curve of two classes; the baseline may be absent. */
export function inferArea(candidate: Placements, baseline: Placements | null, positive: Uint8Array): Inference {
  const positives = positive.reduce((sum, flag) => sum + flag, 0)
  const smallerClass = Math.min(positives, positive.length - positives)
  if (smallerClass < 2) return noInference('a class has fewer than two rows')
  const both = delong(candidate, baseline ?? candidate, positive)
  const single = areaBounds(both.candidate, smallerClass)
  const alone = { candidate: single, candidateMethod: 'DeLong, logit scale', reason: null }
  if (!baseline) return { ...alone, ...noDifference }
  const other = areaBounds(both.baseline, smallerClass)
  return { ...alone, baseline: other, ...inferDifference(both, single, other), method: 'DeLong' }
}

function inferDifference(both: DeLong, single: Bounds, other: Bounds) {
  const relative: RelativeBounds = (share) => relativeArea(both, single, other, share)
  const [estimate, error] = contrastOf(both, 1)
  const difference = relativeArea(both, single, other, 0)
  const pValue = error > 0 ? Math.min(1, 2 * normalSf(Math.abs(estimate) / error)) : pValueEqual(difference, 0)
  return { difference, relative, pValue }
}

/** Candidate − scale × baseline with its standard error, 0 where the variance is what rounding leaves of none. */
function contrastOf({ candidate, baseline, covariance }: DeLong, scale: number): readonly [number, number] {
  const alone = candidate.variance + scale * scale * baseline.variance
  const variance = alone - 2 * scale * covariance
  return [candidate.area - scale * baseline.area, variance > 1e-14 * alone ? Math.sqrt(variance) : 0]
}

function relativeArea(both: DeLong, single: Bounds, other: Bounds, share: number): Bounds {
  const scale = 1 + share
  const [estimate, error] = contrastOf(both, scale)
  const range = relativeRange([0, 1], share)
  if (error > 0) return normalBounds(estimate, error, range)
  if (both.candidate.variance > 0) return exactBounds(estimate)
  // Both areas are free of sampling variance: perfect or constant. Their own bounds, at half the alpha each, hold.
  const ends = (alpha: number) => [scale * other.lower(alpha / 2), scale * other.upper(alpha / 2)]
  const bounds: Bounds = {
    lower: (alpha) => single.lower(alpha / 2) - Math.max(...ends(alpha)),
    upper: (alpha) => single.upper(alpha / 2) - Math.min(...ends(alpha)),
  }
  return within(bounds, range)
}
