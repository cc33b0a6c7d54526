const halfLogTwoPi = 0.9189385332046728

/** Coefficients B(2j) / (2j (2j-1)) of Stirling's series, j = 1…9 (Abramowitz and Stegun 6.1.41). */
const stirling = [
  1 / 12,
  -1 / 360,
  1 / 1260,
  -1 / 1680,
  1 / 1188,
  -691 / 360360,
  1 / 156,
  -3617 / 122400,
  43867 / 244188,
] as const

/** From here the nine terms above are exact to the last bit. */
const stirlingFrom = 16

function stirlingSeries(x: number): number {
  const inverseSquare = 1 / (x * x)
  let sum = 0
  for (let j = stirling.length - 1; j >= 0; j--) sum = sum * inverseSquare + (stirling[j] ?? 0)
  return sum / x
}

/** ln Γ(x) for x > 0. */
export function logGamma(x: number): number {
  let shift = 1
  let shifted = x
  while (shifted < stirlingFrom) {
    shift *= shifted
    shifted += 1
  }
  const value = (shifted - 0.5) * Math.log(shifted) - shifted + halfLogTwoPi + stirlingSeries(shifted)
  return value - Math.log(shift)
}

/** What Stirling's formula lacks: ln Γ(x + 1) − (x + ½) ln x + x − ½ ln 2π, for x > 0. */
export function stirlingError(x: number): number {
  if (x >= stirlingFrom) return stirlingSeries(x)
  return logGamma(x + 1) - (x + 0.5) * Math.log(x) + x - halfLogTwoPi
}

/**
 * x ln(x / mean) + mean − x without cancellation, given `excess` = x − mean, for x > 0
 * (Loader 2000, "Fast and accurate computation of binomial probabilities").
 */
export function deviance(x: number, mean: number, excess = x - mean): number {
  if (Math.abs(excess) >= 0.1 * (x + mean)) return x * Math.log(x / mean) - excess
  const v = excess / (x + mean)
  let sum = excess * v
  let power = 2 * x * v
  for (let j = 1; j < 1000; j++) {
    power *= v * v
    const next = sum + power / (2 * j + 1)
    if (next === sum) return next
    sum = next
  }
  return sum
}

/** x^a e^(−x) / Γ(a + 1), exact in relative terms also for large a. */
function poissonTerm(a: number, x: number): number {
  return Math.exp(-stirlingError(a) - deviance(a, x)) / Math.sqrt(2 * Math.PI * a)
}

function lowerSeries(a: number, x: number): number {
  let term = 1
  let sum = 1
  for (let n = 1; n < 1e7; n++) {
    term *= x / (a + n)
    sum += term
    if (term < sum * 1e-17) break
  }
  return poissonTerm(a, x) * sum
}

/** Continued fraction for Γ(a, x) (Abramowitz and Stegun 6.5.31), evaluated by Lentz's method. */
function upperFraction(a: number, x: number): number {
  let b = x + 1 - a
  let c = Number.MAX_VALUE
  let d = 1 / b
  let fraction = d
  for (let i = 1; i < 1e7; i++) {
    const numerator = -i * (i - a)
    b += 2
    d = 1 / (numerator * d + b)
    c = b + numerator / c
    const change = c * d
    fraction *= change
    if (Math.abs(change - 1) < 2e-16) break
  }
  return poissonTerm(a, x) * a * fraction
}

/** Regularised upper incomplete gamma function Q(a, x) for a > 0, x ≥ 0. */
export function gammaQ(a: number, x: number): number {
  if (Number.isNaN(a) || Number.isNaN(x)) return Number.NaN
  if (x <= 0) return 1
  if (x === Number.POSITIVE_INFINITY) return 0
  return x < a + 1 ? 1 - lowerSeries(a, x) : upperFraction(a, x)
}

/** P(X > x) for X chi-squared with `degrees` degrees of freedom. */
export function chiSquareSf(x: number, degrees: number): number {
  return gammaQ(degrees / 2, x / 2)
}
