import { studentTwoSided } from '../distributions/beta.ts'
import { mean, type Sample, squaredDeviations } from '../sample.ts'
import { emptySide, noPValue, type PValue } from './outcome.ts'

/** Student's two-sided t-test with equal variances. */
export function studentT(reference: Sample, current: Sample): PValue {
  const [n, m] = [reference.length, current.length]
  if (n === 0 || m === 0) return noPValue(emptySide)
  if (n + m < 3) return noPValue('fewer than three values')
  const variance = (squaredDeviations(reference) + squaredDeviations(current)) / (n + m - 2)
  const difference = mean(reference) - mean(current)
  if (variance === 0 && difference === 0) return noPValue('all values are equal')
  const statistic = difference / Math.sqrt(variance * (1 / n + 1 / m))
  return { statistic, pValue: studentTwoSided(statistic, n + m - 2) }
}
