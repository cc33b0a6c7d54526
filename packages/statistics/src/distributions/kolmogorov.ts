import { deviance, stirlingError } from './gamma.ts'

/**
 * P(D_n ≥ d) for the two-sided one-sample Kolmogorov statistic of n observations.
 *
 * The regions are those of Simard and L'Ecuyer (2011), J. Stat. Softw. 39(11), as SciPy's `kstwo.sf` draws
 * them, so that both agree also where the last resort (Pelz and Good) has six digits only. In the
 * region for which they use Pomeranz' recursion (n ≤ 140) Durbin's matrix gives the same exact value.
 */
export function kolmogorovSf(d: number, n: number): number {
  if (Number.isNaN(d)) return Number.NaN
  const t = n * d
  if (d >= 1) return 0
  if (t <= 0.5) return 1
  if (t <= 1) return 1 - cornerCdf(t, n)
  if (t >= n - 1) return 2 * (1 - d) ** n
  const square = t * d
  if (d >= 0.5) return Math.min(1, 2 * smirnovSf(d, n))
  if (n <= 140) return square <= 4 ? clip(1 - durbinCdf(n, d)) : 2 * smirnovSf(d, n)
  if (square >= 370) return 0
  if (square >= 2.2) return clip(2 * smirnovSf(d, n))
  if (n <= 100_000 && n * d ** 1.5 <= 1.4) return clip(1 - durbinCdf(n, d))
  return clip(1 - pelzGoodCdf(n, d))
}

function clip(p: number): number {
  return Math.min(1, Math.max(0, p))
}

/** n! / n^n (2t − 1)^n, exact for ½ ≤ t = nd ≤ 1 (Ruben and Gambino 1982). */
function cornerCdf(t: number, n: number): number {
  return Math.exp(stirlingError(n) - n + n * Math.log(2 * t - 1)) * Math.sqrt(2 * Math.PI * n)
}

/** Above this n SciPy takes the first-order formula of the one-sided statistic; so do we. */
const exactSmirnovTo = 1_000_000

/** P(D⁺_n ≥ d): Dempster's sum of n + 1 positive terms, each a binomial probability by Loader's deviances. */
function smirnovSf(d: number, n: number): number {
  if (n > exactSmirnovTo) return Math.exp(-((6 * n * d + 1) ** 2) / (18 * n))
  const excess = n * d
  let sum = Math.exp(n * Math.log1p(-d))
  const last = Math.floor(n * (1 - d))
  for (let j = 1; j <= last; j++) {
    const rest = n - j
    if (rest - excess <= 0) break
    const log = -deviance(j, j + excess, -excess) - (rest > 0 ? deviance(rest, rest - excess, excess) : 0)
    if (log < -745) continue
    const correction = stirlingError(n) - stirlingError(j) - stirlingError(rest)
    sum += (Math.exp(log + correction) * Math.sqrt(n / (2 * Math.PI * j * rest)) * d) / (d + j / n)
  }
  return sum
}

interface Scaled {
  readonly matrix: Float64Array
  readonly exponent: number
}

const scale = 2 ** 128

/** P(D_n < d), exact: Durbin's matrix, its n-th power by squaring (Marsaglia, Tsang and Wang 2003). */
function durbinCdf(n: number, d: number): number {
  const k = Math.ceil(n * d)
  const size = 2 * k - 1
  const power = matrixPower({ matrix: durbinMatrix(size, k - n * d), exponent: 0 }, n, size, k - 1)
  let p = power.matrix[(k - 1) * size + k - 1] ?? 0
  let exponent = power.exponent
  for (let i = 1; i <= n; i++) {
    p *= i / n
    if (p < 1 / scale) {
      p *= scale
      exponent -= 128
    }
  }
  return p * 2 ** exponent
}

function durbinMatrix(size: number, h: number): Float64Array {
  const matrix = new Float64Array(size * size)
  const factorial = new Float64Array(size + 2)
  factorial[0] = 1
  for (let i = 1; i < factorial.length; i++) factorial[i] = (factorial[i - 1] ?? 0) * i
  for (let row = 0; row < size; row++) {
    for (let column = 0; column <= Math.min(row + 1, size - 1); column++) {
      matrix[row * size + column] = 1 / (factorial[row - column + 1] ?? 1)
    }
  }
  for (let i = 0; i < size; i++) {
    const edge = (1 - h ** (i + 1)) / (factorial[i + 1] ?? 1)
    matrix[i * size] = edge
    matrix[(size - 1) * size + size - 1 - i] = edge
  }
  const corner = 1 - 2 * h ** size + Math.max(0, 2 * h - 1) ** size
  matrix[(size - 1) * size] = corner / (factorial[size] ?? 1)
  return matrix
}

function matrixPower(base: Scaled, n: number, size: number, centre: number): Scaled {
  if (n === 1) return base
  const half = matrixPower(base, Math.floor(n / 2), size, centre)
  let product = multiply(half.matrix, half.matrix, size)
  let exponent = 2 * half.exponent
  if (n % 2 === 1) {
    product = multiply(base.matrix, product, size)
    exponent += base.exponent
  }
  if ((product[centre * size + centre] ?? 0) > scale) {
    for (let i = 0; i < product.length; i++) product[i] = (product[i] ?? 0) / scale
    exponent += 128
  }
  return { matrix: product, exponent }
}

function multiply(a: Float64Array, b: Float64Array, size: number): Float64Array {
  const product = new Float64Array(size * size)
  for (let i = 0; i < size; i++) {
    for (let k = 0; k < size; k++) {
      const factor = a[i * size + k] ?? 0
      if (factor === 0) continue
      for (let j = 0; j < size; j++) {
        product[i * size + j] = (product[i * size + j] ?? 0) + factor * (b[k * size + j] ?? 0)
      }
    }
  }
  return product
}

/** P(D_n ≤ d) by the expansion K0 + K1/√n + K2/n + K3/n^1.5 of Pelz and Good (1976), theta-transformed. */
function pelzGoodCdf(n: number, d: number): number {
  const z = d * Math.sqrt(n)
  const z2 = z * z
  const z4 = z2 * z2
  const z6 = z4 * z2
  const pi2 = Math.PI ** 2
  const root = Math.sqrt(2 * Math.PI)
  if (-pi2 / 8 / z2 < -708) return 0
  let [k0, k1, k2, k3] = [0, 0, 0, 0]
  for (let k = Math.ceil((16 * z) / Math.PI); k >= 1; k--) {
    const odd2 = (2 * k - 1) ** 2 * pi2
    const weight = Math.exp(-odd2 / 8 / z2)
    k0 += weight
    k1 += weight * (odd2 / 4 - z2)
    k2 += weight * (6 * z6 + 2 * z4 + ((2 * z4 - 5 * z2) * odd2) / 4 + ((1 - 2 * z2) * odd2 ** 2) / 16)
    const quadratic = ((212 * z4 - 60 * z2) * odd2 ** 2) / 16
    const linear = ((135 * z4 - 96 * z6) * odd2) / 4
    k3 += weight * (((5 - 30 * z2) * odd2 ** 3) / 64 + quadratic + linear - 30 * z6 - 90 * z4 * z4)
  }
  let [even2, even3] = [0, 0]
  for (let k = Math.ceil((16 * z) / Math.PI); k >= 1; k--) {
    const square = k * k * pi2
    const weight = Math.exp(-square / 2 / z2)
    even2 += square * weight
    even3 += (3 * square * z2 - square ** 2) * weight
  }
  const second = (k2 * root) / (72 * z ** 7) - (even2 * root) / (36 * z ** 3)
  const third = (k3 * root) / (6480 * z ** 10) + (even3 * root) / (216 * z6)
  return (k0 * root) / z + (k1 * root) / (6 * z4 * Math.sqrt(n)) + second / n + third / n ** 1.5
}
