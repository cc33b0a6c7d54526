import { gammaQ } from './gamma.ts'

/** P(Z > z) for a standard normal Z, accurate in relative terms far into the tail. */
export function normalSf(z: number): number {
  const tail = gammaQ(0.5, (z * z) / 2) / 2
  return z >= 0 ? tail : 1 - tail
}

/** P(Z ≤ z) for a standard normal Z. */
export function normalCdf(z: number): number {
  return normalSf(-z)
}

/** The z with P(Z ≤ z) = p; ∓infinity at 0 and 1. */
export function normalQuantile(p: number): number {
  if (Number.isNaN(p) || p < 0 || p > 1) return Number.NaN
  if (p === 0) return Number.NEGATIVE_INFINITY
  if (p === 1) return Number.POSITIVE_INFINITY
  if (p === 0.5) return 0
  return p < 0.5 ? -upperQuantile(p) : upperQuantile(1 - p)
}

/** Rational start (Abramowitz and Stegun 26.2.23, error < 4.5e-4), then Newton steps on the logarithm of the tail. */
function upperQuantile(tail: number): number {
  const t = Math.sqrt(-2 * Math.log(tail))
  const numerator = 2.515517 + t * (0.802853 + t * 0.010328)
  const denominator = 1 + t * (1.432788 + t * (0.189269 + t * 0.001308))
  let z = t - numerator / denominator
  for (let step = 0; step < 6; step++) {
    const sf = normalSf(z)
    const density = Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)
    const move = (Math.log(sf / tail) * sf) / density
    z += move
    if (Math.abs(move) < 1e-15 * (1 + Math.abs(z))) break
  }
  return z
}
