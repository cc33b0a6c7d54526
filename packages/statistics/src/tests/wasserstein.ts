import { type Sample, sorted, squaredDeviations } from '../sample.ts'
import { type Distance, emptySide, noDistance } from './outcome.ts'

/** Evidently divides by the deviation of the reference, but never by less than this. */
const leastDeviation = 0.001

/** Wasserstein distance W1 over the population standard deviation of the reference. */
export function wassersteinNormed(reference: Sample, current: Sample): Distance {
  if (reference.length === 0 || current.length === 0) return noDistance(emptySide)
  const deviation = Math.sqrt(squaredDeviations(reference) / reference.length)
  return { distance: integrateGap(reference, current, Math.abs) / normOf(deviation) }
}

/** What `wasserstein` divides by, given the population standard deviation of the reference. */
export function normOf(deviation: number): number {
  return Math.max(deviation, leastDeviation)
}

/** Energy distance √(2 ∫ (F − G)² dx), in √units of the column. */
export function energyDistance(reference: Sample, current: Sample): Distance {
  if (reference.length === 0 || current.length === 0) return noDistance(emptySide)
  return { distance: Math.sqrt(2 * integrateGap(reference, current, (gap) => gap * gap)) }
}

/** ∫ weigh(F(x) − G(x)) dx over the pooled range, by one merge of the sorted samples. */
function integrateGap(reference: Sample, current: Sample, weigh: (gap: number) => number): number {
  const [a, b] = [sorted(reference), sorted(current)]
  let [i, j, sum] = [0, 0, 0]
  let at = Math.min(a[0] ?? 0, b[0] ?? 0)
  while (i < a.length || j < b.length) {
    const x = i < a.length ? (a[i] ?? 0) : Number.POSITIVE_INFINITY
    const y = j < b.length ? (b[j] ?? 0) : Number.POSITIVE_INFINITY
    const next = Math.min(x, y)
    if (next > at) sum += weigh(i / a.length - j / b.length) * (next - at)
    at = next
    if (x <= y) i++
    else j++
  }
  return sum
}
