import { z } from 'zod'

/** What a document says as a whole. */
export const verdicts = ['pass', 'warn', 'fail', 'inconclusive', 'no-baseline'] as const
export const verdictSchema = z.enum(verdicts)
export type Verdict = z.output<typeof verdictSchema>

/** What a single check, metric or column says. */
export const statuses = ['pass', 'warn', 'fail', 'inconclusive', 'error'] as const
export const statusSchema = z.enum(statuses)
export type Status = z.output<typeof statusSchema>

/** From which verdict on a step fails; each includes those before it. */
export const failOns = ['never', 'fail', 'inconclusive', 'warn'] as const
export type FailOn = (typeof failOns)[number]

/** Every status, the one that decides over all others first. */
export const worstFirst: readonly Status[] = ['fail', 'error', 'inconclusive', 'warn', 'pass']

/** The worst of many statuses: fail, then error (which counts as inconclusive), inconclusive, warn, pass. */
export function worst(found: Iterable<Status>): Exclude<Verdict, 'no-baseline'> {
  const seen = new Set(found)
  const status = worstFirst.find((candidate) => seen.has(candidate)) ?? 'inconclusive'
  return status === 'error' ? 'inconclusive' : status
}

/** Whether a step with this verdict ends well under `fail-on`. A missing baseline counts as inconclusive. */
export function isAccepted(verdict: Verdict, failOn: FailOn): boolean {
  if (verdict === 'pass' || failOn === 'never') return true
  if (verdict === 'fail') return false
  if (verdict === 'warn') return failOn !== 'warn'
  return failOn === 'fail'
}

/** Whether a model with this verdict may be registered and deployed, whatever `fail-on` says. */
export function isPromotable(verdict: Verdict): boolean {
  return verdict === 'pass' || verdict === 'warn'
}

/** 0 accepted, 1 refused by verdict, 2 the user must fix something, 3 something outside failed, 70 a bug of ours. */
export const exitCodes = {
  accepted: 0,
  refused: 1,
  usage: 2,
  outside: 3,
  bug: 70,
  interrupted: 130,
  terminated: 143,
} as const
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]
