import { deviance, stirlingError } from './gamma.ts'

/**
 * Regularised incomplete beta function I_x(a, b) for a, b > 0. `y` = 1 − x is given apart,
 * so that nothing is lost when x is close to 1.
 */
export function betaI(a: number, b: number, x: number, y = 1 - x): number {
  if (x <= 0) return 0
  if (y <= 0) return 1
  if (x > (a + 1) / (a + b + 2)) return 1 - betaI(b, a, y, x)
  return (prefactor(a, b, x, y) / a) * fraction(a, b, x)
}

/** x^a y^b / B(a, b) through Loader's deviances: no cancellation between large log-gammas. */
function prefactor(a: number, b: number, x: number, y: number): number {
  const n = a + b
  const log = stirlingError(n) - stirlingError(a) - stirlingError(b) - deviance(a, n * x) - deviance(b, n * y)
  return Math.exp(log) * Math.sqrt((a * b) / (2 * Math.PI * n))
}

/** Continued fraction of the incomplete beta function (Abramowitz and Stegun 26.5.8), by Lentz's method. */
function fraction(a: number, b: number, x: number): number {
  let c = 1
  let d = 1 / (1 - ((a + b) * x) / (a + 1))
  let value = d
  for (let m = 1; m < 1e6; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m))
    d = 1 / (1 + even * d)
    c = 1 + even / c
    value *= c * d
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1))
    d = 1 / (1 + odd * d)
    c = 1 + odd / c
    value *= c * d
    if (Math.abs(c * d - 1) < 2e-16) break
  }
  return value
}

/** P(|T| > |t|) for Student's T with `degrees` degrees of freedom. */
export function studentTwoSided(t: number, degrees: number): number {
  if (!Number.isFinite(t)) return Number.isNaN(t) ? Number.NaN : 0
  const square = t * t
  return betaI(degrees / 2, 0.5, degrees / (degrees + square), square / (degrees + square))
}

/** P(X ≥ k) for X binomial with n trials of probability p. */
export function binomialSf(k: number, n: number, p: number): number {
  if (k <= 0) return 1
  if (k > n) return 0
  return betaI(k, n - k + 1, p, 1 - p)
}

/** The value below which a beta variable with parameters a, b > 0 lies with this probability. */
export function betaQuantile(a: number, b: number, probability: number): number {
  let [low, high] = [0, 1]
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2
    if (betaI(a, b, middle) < probability) low = middle
    else high = middle
  }
  return (low + high) / 2
}
