import { number, shown } from '@headgate/reports'
import type { Clause, Comparison } from '@headgate/statistics'

/** A bound with as many decimals as it takes to tell it from its limit. */
function beside(value: number, limit: number): string {
  for (let digits = 3; digits <= 6; digits++) {
    const text = number(value, digits)
    if (text !== number(limit, digits) || value === limit) return Math.abs(value) >= 1000 ? number(value) : text
  }
  return number(value, 7)
}

/** `roc_auc 0.703 [0.690, 0.716] vs champion v1.2.0 0.698`. */
export function measurement(name: string, comparison: Comparison, baseline: string | null): string {
  const { candidate, candidateInterval, baseline: other } = comparison
  const range = candidateInterval ? ` [${candidateInterval.map((end) => shown(end)).join(', ')}]` : ''
  const against = baseline === null || other === null ? '' : ` vs ${baseline} ${shown(other)}`
  return `${name} ${shown(candidate)}${range}${against}`
}

const subjects = { 'max-loss': 'loss', 'min-gain': 'gain', 'max-gap': 'gap', min: 'value', max: 'value' } as const
const margins = {
  'max-loss': 'margin',
  'min-gain': 'required',
  'max-gap': 'limit',
  min: 'floor',
  max: 'ceiling',
} as const

/** `loss at most 0.008, margin 0.02`: which bound met which limit. */
function clauseText(clause: Clause): string {
  const { harmfulBound, harmlessBound, status } = clause
  if (clause.limit === null || harmfulBound === null || harmlessBound === null)
    return clause.reason ?? 'there is no interval'
  const sign = signOf(clause)
  const limit = clause.quantity === 'difference' ? Math.abs(clause.limit) : clause.limit
  const bound = (value: number): string => beside(sign * value, limit)
  const held = `${margins[clause.rule]} ${number(limit)}`
  const subject = subjects[clause.rule]
  if (status === 'inconclusive' && Number.isFinite(harmfulBound)) {
    const ends = [harmfulBound, harmlessBound].sort((a, b) => sign * (a - b)).map(bound)
    return `${subject} between ${ends.join(' and ')}, ${held}`
  }
  if (status === 'pass' && clause.rule === 'max-loss' && sign * harmfulBound < 0)
    return `gain at least ${beside(-sign * harmfulBound, limit)}, ${held}`
  // What must be large is judged by its least value, and fails by its largest; with the sign, the other way round.
  const isLeast = ((clause.side === 'at-least') === sign > 0) === (status === 'pass')
  const decided = bound(status === 'pass' ? harmfulBound : harmlessBound)
  return `${subject} at ${isLeast ? 'least' : 'most'} ${decided}, ${held}`
}

/** A loss and a gain are told as positive numbers, whichever direction of the metric is better. */
function signOf({ rule, side }: Clause): 1 | -1 {
  if (rule === 'max-loss') return side === 'at-least' ? -1 : 1
  return rule === 'min-gain' && side === 'at-most' ? -1 : 1
}

/** The sentence of a row: what was measured, then every limit. */
export function ruleSentence(measured: string, clauses: readonly Clause[]): string {
  return `${measured}: ${clauses.map(clauseText).join('; ')}.`
}
