import { betaQuantile, binomialSf } from '../distributions/beta.ts'
import { normalQuantile } from '../distributions/normal.ts'
import type { Bounds } from './bounds.ts'

/**
 * Exact bounds of a proportion (Clopper and Pearson 1934): either holds with at least its probability whatever the
 * proportion and however few the trials. These may be a fraction, as the effective number of weighted rows is (Korn and
 * Graubard 1998).
 */
export function exactProportion(share: number, trials: number): Bounds {
  const [successes, failures] = [share * trials, trials - share * trials]
  return {
    lower: (alpha) => (successes === 0 ? 0 : betaQuantile(successes, failures + 1, alpha)),
    upper: (alpha) => (failures === 0 ? 1 : 1 - betaQuantile(failures, successes + 1, alpha)),
  }
}

/** The rows on which two models differ in being right. */
export interface Discordance {
  readonly rows: number
  /** Candidate right, baseline wrong. */
  readonly gained: number
  /** Candidate wrong, baseline right. */
  readonly lost: number
}

/** McNemar's exact two-sided p-value: the discordant rows as fair coin throws. */
export function mcnemarExact({ gained, lost }: Discordance): number {
  return Math.min(1, 2 * binomialSf(Math.max(gained, lost), gained + lost, 0.5))
}

/** Score bounds of the difference of two paired proportions (Tango 1998, Statistics in Medicine 17:891). */
export function tangoBounds(discordance: Discordance): Bounds {
  return {
    lower: (alpha) => differenceWithScore(discordance, -normalQuantile(alpha)),
    upper: (alpha) => differenceWithScore(discordance, normalQuantile(alpha)),
  }
}

/** The difference in (−1, 1) at which the score statistic, which falls as the difference grows, has this value. */
function differenceWithScore(discordance: Discordance, score: number): number {
  let [low, high] = [-1, 1]
  for (let step = 0; step < 80; step++) {
    const middle = (low + high) / 2
    if (scoreAt(discordance, middle) > score) low = middle
    else high = middle
  }
  return (low + high) / 2
}

function scoreAt({ rows, gained, lost }: Discordance, difference: number): number {
  const a = 2 * rows
  const b = -gained - lost + (2 * rows - gained + lost) * difference
  const c = -lost * difference * (1 - difference)
  const lostShare = (Math.sqrt(Math.max(0, b * b - 4 * a * c)) - b) / (2 * a)
  const variance = rows * Math.max(0, 2 * lostShare + difference * (1 - difference))
  const numerator = gained - lost - rows * difference
  return variance === 0 ? Math.sign(numerator) * Number.MAX_VALUE : numerator / Math.sqrt(variance)
}
