import type { Shares } from '../binning.ts'
import { type Distance, emptySide, noDistance } from './outcome.ts'

/** Population stability index Σ (p − q) ln(p / q) over shares without zeros (`fillZeros`). */
export function populationStability(shares: Shares): Distance {
  return overBins(
    shares,
    (p, q) => (p - q) * Math.log(p / q),
    (sum) => sum,
  )
}

/** Kullback-Leibler divergence of the reference from the current, Σ p ln(p / q), both renormalised; zeros filled before. */
export function klDivergence(shares: Shares): Distance {
  return overBins(
    normalise(shares),
    (p, q) => p * Math.log(p / q),
    (sum) => sum,
  )
}

/** Jensen-Shannon distance, base e: √ of the divergence, at most √(ln 2). */
export function jensenShannon(shares: Shares): Distance {
  const half = (p: number, q: number) => (p === 0 ? 0 : p * Math.log((2 * p) / (p + q)))
  return overBins(
    normalise(shares),
    (p, q) => half(p, q) + half(q, p),
    (sum) => Math.sqrt(Math.max(0, sum) / 2),
  )
}

/** Hellinger distance √(1 − Σ √(p q)), in the form √(½ Σ (√p − √q)²), which does not cancel for near equals. */
export function hellinger(shares: Shares): Distance {
  return overBins(
    shares,
    (p, q) => (Math.sqrt(p) - Math.sqrt(q)) ** 2,
    (sum) => Math.sqrt(Math.min(1, sum / 2)),
  )
}

function overBins(shares: Shares, term: (p: number, q: number) => number, finish: (sum: number) => number): Distance {
  let sum = 0
  for (let i = 0; i < shares.reference.length; i++) sum += term(shares.reference[i] ?? 0, shares.current[i] ?? 0)
  return shares.reference.length === 0 || Number.isNaN(sum) ? noDistance(emptySide) : { distance: finish(sum) }
}

function normalise(shares: Shares): Shares {
  const scale = (side: Float64Array) => {
    const total = side.reduce((sum, share) => sum + share, 0)
    return side.map((share) => share / total)
  }
  return { reference: scale(shares.reference), current: scale(shares.current) }
}
