import { shown } from '@headgate/reports'
import type { Clause, Comparison } from '@headgate/statistics'
import { boundGap } from '@headgate/statistics'
import type { GateRule } from './policy.ts'
import { ruleSentence } from './reasons.ts'
import type { Slice } from './slices.ts'

/** How far the slices of a column lie apart, and which of them that does not speak of. */
export interface Gap {
  /** Between the slices that have a value; `null` with fewer than two. */
  readonly estimate: ReturnType<typeof boundGap>
  readonly slices: readonly { readonly name: string; readonly value: number }[]
  /** Slices with enough rows in which the metric, or its interval, is undefined. */
  readonly undecided: readonly { readonly name: string; readonly reason: string }[]
  /** Slices with too few rows to count. */
  readonly small: readonly string[]
  readonly least: number
}

/**
 * The gap between slices with at least `least` rows. One of them that has no interval may lie anywhere: it leaves the
 * gap without an upper bound, so that no rule passes on the others alone.
 */
export function gapBetween(slices: readonly Slice[], least: number, compare: (slice: Slice) => Comparison): Gap {
  const large = slices.filter(({ size }) => size >= least)
  const found = large.map((slice) => ({ name: slice.name ?? '', ...compare(slice) }))
  const judged = found.flatMap(({ name, candidate, bounds }) =>
    candidate === null || bounds.candidate === null ? [] : [{ name, value: candidate, bounds: bounds.candidate }],
  )
  const names = new Set(judged.map(({ name }) => name))
  const undecided = found.filter(({ name }) => !names.has(name))
  return {
    estimate: judged.length < 2 ? null : boundGap(judged, undecided.length > 0),
    slices: judged.map(({ name, value }) => ({ name, value })),
    undecided: undecided.map(({ name, reason }) => ({ name, reason: reason ?? 'it has no interval' })),
    small: slices.filter(({ size }) => size < least).map(({ name }) => name ?? ''),
    least,
  }
}

/** The sentence of a gap: its ends, the limit, and every slice that it does not speak of. */
export function gapReason(rule: GateRule, gap: Gap, clauses: readonly Clause[]): string {
  const undecided = gap.undecided.map(({ name, reason }) => `${name} cannot be judged: ${reason}.`)
  const small = gap.small.length === 0 ? [] : [`Left out, with fewer than ${gap.least} rows: ${named(gap.small)}.`]
  return [gapSentence(rule, gap, clauses), ...undecided, ...small].join(' ')
}

function gapSentence(rule: GateRule, { estimate, slices }: Gap, clauses: readonly Clause[]): string {
  if (estimate === null)
    return `${rule.metric}: fewer than two values of ${rule.slice} have enough rows to compare, so there is no gap to judge.`
  const sorted = [...slices].sort((a, b) => a.value - b.value)
  const [low, high] = [sorted[0], sorted.at(-1)]
  const ends = `${low?.name} ${shown(low?.value ?? null)} and ${high?.name} ${shown(high?.value ?? null)}`
  return ruleSentence(`${rule.metric} lies ${shown(estimate.value)} apart between ${ends}`, clauses)
}

const mostNamed = 10

function named(slices: readonly string[]): string {
  const rest = slices.length - mostNamed
  return `${slices.slice(0, mostNamed).join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`
}
