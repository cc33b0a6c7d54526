import type { Verdict } from '@headgate/core'
import { worst } from '@headgate/core'
import type { Judged } from './judgement.ts'

export interface Circumstances {
  readonly evidence: 'held-out' | 'self-reported'
  /** Whether the policy, or what it rests on, is the pull request's own. */
  readonly isOwn: boolean
  /** Whether a champion was asked for and no model is one. */
  readonly noBaseline: boolean
  /** Whether a first model is accepted without. */
  readonly bootstrap: boolean
}

/** The verdict of a whole evaluation. A rule that was not checked anywhere never makes it `pass`. */
export function verdictOf(judged: readonly Judged[], circumstances: Circumstances): Verdict {
  const { noBaseline, bootstrap } = circumstances
  const statuses = judged.filter(({ decides }) => decides).map(({ result }) => result.status)
  const found = worst(statuses)
  if (noBaseline && !bootstrap) return found === 'fail' ? 'fail' : 'no-baseline'
  if (noBaseline && statuses.length === 0) return 'warn'
  // A rule that no slice was large enough for stood for nothing.
  const isIdle = judged.some((row) => row.isIdle)
  const isCapped = circumstances.evidence === 'self-reported' || circumstances.isOwn || isIdle
  return found === 'pass' && isCapped ? 'warn' : found
}
