import { normalQuantile, normalSf } from '../distributions/normal.ts'
import type { Placements } from '../metrics/ranking.ts'
import { type Bounds, exactBounds, normalBounds, pValueEqual } from './bounds.ts'
import { type Inference, noInference } from './inference.ts'

const differenceRange = [-1, 1] as const

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
  const candidateMethod = 'DeLong, logit scale'
  if (!baseline) {
    const none = { baseline: null, difference: null, pValue: null, method: '', reason: null }
    return { candidate: single, candidateMethod, ...none }
  }
  const other = areaBounds(both.baseline, smallerClass)
  const { difference, pValue } = inferDifference(both, single, other)
  return { candidate: single, candidateMethod, baseline: other, difference, pValue, method: 'DeLong', reason: null }
}

function inferDifference(
  both: DeLong,
  single: Bounds,
  other: Bounds,
): { readonly difference: Bounds; readonly pValue: number } {
  const estimate = both.candidate.area - both.baseline.area
  const variance = both.candidate.variance + both.baseline.variance - 2 * both.covariance
  // Below this the variance is what rounding leaves of equal placements.
  const negligible = 1e-14 * (both.candidate.variance + both.baseline.variance)
  if (variance > negligible) {
    const error = Math.sqrt(variance)
    const pValue = Math.min(1, 2 * normalSf(Math.abs(estimate) / error))
    return { difference: normalBounds(estimate, error, differenceRange), pValue }
  }
  if (both.candidate.variance > 0) return { difference: exactBounds(estimate), pValue: estimate === 0 ? 1 : 0 }
  // Both areas are free of sampling variance: perfect or constant. Their own bounds, at half the alpha each, hold.
  const difference: Bounds = {
    lower: (alpha) => Math.max(differenceRange[0], single.lower(alpha / 2) - other.upper(alpha / 2)),
    upper: (alpha) => Math.min(differenceRange[1], single.upper(alpha / 2) - other.lower(alpha / 2)),
  }
  return { difference, pValue: pValueEqual(difference, 0) }
}
