import { createHash } from 'node:crypto'
import type { Decision } from '@headgate/core'
import type { RetrainRules } from './rules.ts'

/** One look at production: a window is known by its id, however often it was checked. */
export interface Window {
  readonly id: string
  /** `null` where it could not be decided; that counts as not drifted, and is said. */
  readonly drifted: boolean | null
  /** When the window ended (ISO 8601). Windows are ordered by it, not by when they were checked. */
  readonly until: string
}

/** A retraining that was started: a lease until it reports back, or until `until`. */
export interface Claim {
  readonly key: string
  readonly at: string
  readonly until: string
  /** Whether the run has reported its outcome, or was seen to be over. */
  readonly ended: boolean
}

export interface Situation {
  readonly model: string
  readonly now: Date
  readonly window: Window
  /** Earlier windows, in any order; the newest word on an id counts. */
  readonly earlier: readonly Window[]
  readonly claims: readonly Claim[]
  readonly rules: RetrainRules
}

const day = 86_400_000

/**
 * Decides whether to retrain: a reason (m of the last n windows drifted, the newest among them), and then nothing
 * that holds it back (the same windows already answered, one in flight, cooldown, budget). Every outcome is explained.
 */
export function decide(situation: Situation): Decision {
  const windows = lastWindows(situation)
  const drifted = windows.filter((window) => window.drifted === true)
  const key = keyOf(situation.model, drifted)
  const { rules } = situation
  const found = `${drifted.length} of the last ${windows.length} windows drifted`
  const rule = `the rule asks for ${rules.windows} of ${rules.of}, the newest included`
  const refuse = (reason: string): Decision => ({
    retrain: false,
    reasons: [reason],
    blockedBy: [],
    key: null,
    runUrl: null,
  })
  const newest = windows[0]
  if (newest?.id !== situation.window.id)
    return refuse(`This window ended before one that was already looked at (${newest?.id}): it changes nothing.`)
  if (situation.window.drifted === null)
    return refuse('Whether the newest window drifted could not be decided: no retraining on a guess.')
  if (!situation.window.drifted) return refuse(`The newest window did not drift (${found}): no retraining.`)
  if (drifted.length < rules.windows)
    return refuse(`The newest window drifted, but ${found} and ${rule}: no retraining yet.`)
  const reasons = [`${found} (${drifted.map((window) => window.id).join(', ')}); ${rule}.`]
  const blockedBy = obstacles(situation, key)
  return { retrain: blockedBy.length === 0, reasons, blockedBy, key, runUrl: null }
}

function lastWindows(situation: Situation): Window[] {
  const byId = new Map(situation.earlier.map((window) => [window.id, window]))
  byId.set(situation.window.id, situation.window)
  return [...byId.values()].sort((a, b) => Date.parse(b.until) - Date.parse(a.until)).slice(0, situation.rules.of)
}

/** The same evidence always has the same key, so that it starts one training however often it is seen. */
function keyOf(model: string, drifted: readonly Window[]): string {
  const ids = drifted.map((window) => window.id).sort()
  return createHash('sha256')
    .update(JSON.stringify([model, 'drift', ids]))
    .digest('hex')
    .slice(0, 16)
}

function obstacles({ now, claims, rules }: Situation, key: string): string[] {
  const time = now.getTime()
  const within = (span: number): number => claims.filter((claim) => time - Date.parse(claim.at) < span).length
  const blocked: string[] = []
  const same = claims.find((claim) => claim.key === key)
  if (same) blocked.push(`These windows already started a retraining at ${same.at}.`)
  const inFlight = claims.find((claim) => !claim.ended && Date.parse(claim.until) > time)
  if (inFlight) blocked.push(`A retraining is in flight since ${inFlight.at} (its lease ends at ${inFlight.until}).`)
  const last = claims.map((claim) => Date.parse(claim.at)).sort((a, b) => b - a)[0]
  if (last !== undefined && time - last < rules.cooldown) {
    blocked.push(
      `The last retraining started at ${new Date(last).toISOString()}, less than the cooldown of ${rules.cooldown / 3_600_000} hours ago.`,
    )
  }
  if (within(day) >= rules.budget.day) blocked.push(`The budget of ${rules.budget.day} a day is used up.`)
  if (within(30 * day) >= rules.budget.month) blocked.push(`The budget of ${rules.budget.month} in 30 days is used up.`)
  return blocked
}
