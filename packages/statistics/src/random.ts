import { stirlingError } from './distributions/gamma.ts'

/** A seeded source of random numbers: equal seeds give equal streams on every machine. */
export interface Random {
  /** 32 random bits. */
  uint32(): number
  /** Uniform in [0, 1), 53 bits. */
  uniform(): number
  /** Uniform integer in [0, n) for n ≤ 2^32. */
  below(n: number): number
  normal(): number
  /** Number of successes in n trials of probability p. */
  binomial(n: number, p: number): number
}

/** xoshiro128** of Blackman and Vigna (2021), its state filled from the seed by splitmix32. */
export function createRandom(seed: number): Random {
  const next = xoshiro128(seed)
  const uniform = () => ((next() >>> 5) * 0x4000000 + (next() >>> 6)) / 0x20000000000000
  return {
    uint32: next,
    uniform,
    below: (n) => Math.floor((next() / 0x100000000) * n),
    normal: () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()),
    binomial: (n, p) => binomial(uniform, n, p),
  }
}

function xoshiro128(seed: number): () => number {
  let state = seed >>> 0
  const fill = () => {
    state = (state + 0x9e3779b9) | 0
    let z = state
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad)
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97)
    return z ^ (z >>> 15)
  }
  let [a, b, c, d] = [fill(), fill(), fill(), fill()]
  return () => {
    const product = Math.imul(b, 5)
    const result = Math.imul((product << 7) | (product >>> 25), 9)
    const shifted = b << 9
    c ^= a
    d ^= b
    b ^= c
    a ^= d
    c ^= shifted
    d = (d << 11) | (d >>> 21)
    return result >>> 0
  }
}

function binomial(uniform: () => number, n: number, p: number): number {
  if (n <= 0 || p <= 0) return 0
  if (p >= 1) return n
  if (p > 0.5) return n - binomial(uniform, n, 1 - p)
  return n * p < 10 ? binomialByInversion(uniform, n, p) : binomialByRejection(uniform, n, p)
}

function binomialByInversion(uniform: () => number, n: number, p: number): number {
  const odds = p / (1 - p)
  let term = Math.exp(n * Math.log1p(-p))
  let left = uniform()
  let k = 0
  while (left > term && k < n) {
    left -= term
    k++
    term *= (odds * (n - k + 1)) / k
  }
  return k
}

/** Transformed rejection, algorithm BTRS of Hörmann (1993), for np ≥ 10. */
function binomialByRejection(uniform: () => number, n: number, p: number): number {
  const deviation = Math.sqrt(n * p * (1 - p))
  const b = 1.15 + 2.53 * deviation
  const a = -0.0873 + 0.0248 * b + 0.01 * p
  const c = n * p + 0.5
  const alpha = (2.83 + 5.1 / b) * deviation
  const sure = 0.92 - 4.2 / b
  const mode = Math.floor((n + 1) * p)
  for (;;) {
    const u = uniform() - 0.5
    const v = uniform()
    const us = 0.5 - Math.abs(u)
    const k = Math.floor(((2 * a) / us + b) * u + c)
    if (k < 0 || k > n) continue
    if (us >= 0.07 && v <= sure) return k
    if (Math.log((v * alpha) / (a / (us * us) + b)) <= logRatio(n, p, k, mode)) return k
  }
}

/** ln of the binomial probability of k over that of the mode. */
function logRatio(n: number, p: number, k: number, mode: number): number {
  return logBinomialKernel(n, k) - logBinomialKernel(n, mode) + (k - mode) * Math.log(p / (1 - p))
}

function logBinomialKernel(n: number, k: number): number {
  return -logFactorial(k) - logFactorial(n - k)
}

function logFactorial(k: number): number {
  if (k === 0) return 0
  return (k + 0.5) * Math.log(k) - k + 0.9189385332046727 + stirlingError(k)
}

/** Rows drawn with a mark, when `drawn` of `total` rows are drawn without replacement and `marked` have it. */
export function hypergeometric(random: Random, marked: number, total: number, drawn: number): number {
  const least = Math.max(0, drawn - (total - marked))
  const most = Math.min(marked, drawn)
  if (least === most) return least
  const mode = Math.min(most, Math.max(least, Math.floor(((drawn + 1) * (marked + 1)) / (total + 2))))
  const log = (n: number, k: number) => logFactorial(n) - logFactorial(k) - logFactorial(n - k)
  const peak = Math.exp(log(marked, mode) + log(total - marked, drawn - mode) - log(total, drawn))
  let left = random.uniform() - peak
  let [down, up] = [mode, mode]
  let [downTerm, upTerm] = [peak, peak]
  while (left > 0 && (down > least || up < most)) {
    if (up < most) {
      upTerm *= ((marked - up) * (drawn - up)) / ((up + 1) * (total - marked - drawn + up + 1))
      up++
      left -= upTerm
      if (left <= 0) return up
    }
    if (down > least) {
      downTerm *= (down * (total - marked - drawn + down)) / ((marked - down + 1) * (drawn - down + 1))
      down--
      left -= downTerm
      if (left <= 0) return down
    }
    if (upTerm + downTerm < 1e-300) return mode
  }
  return mode
}
