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

/** Rows by which of two models is right. */
export interface PairedRows {
  readonly both: number
  /** Candidate right, baseline wrong. */
  readonly gained: number
  /** Candidate wrong, baseline right. */
  readonly lost: number
  readonly neither: number
}

/** McNemar's exact two-sided p-value: the rows on which the models differ as fair coin throws. */
export function mcnemarExact({ gained, lost }: Pick<PairedRows, 'gained' | 'lost'>): number {
  return Math.min(1, 2 * binomialSf(Math.max(gained, lost), gained + lost, 0.5))
}

/**
 * Score bounds of candidate − scale × baseline, two paired proportions: at either end the difference seen is as many
 * standard errors away as the level says, with the variance that is most likely if the end were true. With scale 1 these
 * are Tango's (1998, Statistics in Medicine 17:891).
 */
export function pairedBounds({ both, gained, lost, neither }: PairedRows, scale = 1): Bounds {
  const kinds = [
    { rows: both, value: 1 - scale },
    { rows: gained, value: 1 },
    { rows: lost, value: -scale },
    { rows: neither, value: 0 },
  ]
  return {
    lower: (alpha) => differenceWithScore(kinds, -normalQuantile(alpha)),
    upper: (alpha) => differenceWithScore(kinds, normalQuantile(alpha)),
  }
}

/** Rows of one kind, and what each adds to the difference. */
interface Kind {
  readonly rows: number
  readonly value: number
}

/** The difference at which the score statistic, which falls as the difference grows, has this value. */
function differenceWithScore(kinds: readonly Kind[], score: number): number {
  const values = kinds.map(({ value }) => value)
  let [low, high] = [Math.min(...values), Math.max(...values)]
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2
    if (scoreAt(kinds, middle) > score) low = middle
    else high = middle
  }
  return (low + high) / 2
}

function scoreAt(kinds: readonly Kind[], difference: number): number {
  let [total, sum] = [0, 0]
  for (const { rows, value } of kinds) {
    total += rows
    sum += rows * (value - difference)
  }
  const variance = likeliestVariance(kinds, difference, total)
  return variance === 0 ? Math.sign(sum) * Number.MAX_VALUE : sum / Math.sqrt(total * variance)
}

/**
 * Variance of the values under the shares of the kinds that are most likely, given the rows, if their mean is the
 * difference: rows / (total + λ (value − difference)), with λ where the mean is. A kind that was not seen gets the share
 * that it takes where no λ does.
 */
function likeliestVariance(kinds: readonly Kind[], difference: number, total: number): number {
  let [least, most] = [0, 0]
  for (const { value } of kinds) {
    least = Math.min(least, value - difference)
    most = Math.max(most, value - difference)
  }
  let [low, high] = [-total / most, -total / least]
  for (let step = 0; step < 50; step++) {
    const middle = (low + high) / 2
    if (momentAt(kinds, difference, total, middle, 1) > 0) low = middle
    else high = middle
  }
  const lambda = (low + high) / 2
  const missing = -momentAt(kinds, difference, total, lambda, 1)
  const end = missing > 0 ? most : least
  const isUnseen = kinds.some(({ rows, value }) => rows === 0 && value - difference === end)
  return momentAt(kinds, difference, total, lambda, 2) + (isUnseen ? missing * end : 0)
}

function momentAt(kinds: readonly Kind[], difference: number, total: number, lambda: number, power: 1 | 2): number {
  let moment = 0
  for (const { rows, value } of kinds) {
    const away = value - difference
    if (rows > 0) moment += (rows * (power === 1 ? away : away * away)) / (total + lambda * away)
  }
  return moment
}
