import { randomUUID } from 'node:crypto'
import type { Entry } from '@headgate/ledger'
import type { Claim } from '@headgate/retraining'
import { isKind } from './entry.ts'
import type { Ports } from './ports.ts'

/** Only a claim is told apart by who makes it: of two that look at the same time, one starts the run. */
export function newClaimId(): string {
  return `claim-${randomUUID()}`
}

/** The entry that takes a claim back: its run was surely not started. */
export function takenBackId(claimId: string): string {
  return `not-started-${claimId}`
}

/** The entry that names the run of a claim. */
export function startedId(claimId: string): string {
  return `started-${claimId}`
}

/** Claims that led to a run, or may have. One that was taken back holds nothing back. */
export async function claimsOf(entries: readonly Entry[], forge: Ports['forge']): Promise<Claim[]> {
  const ids = new Set(entries.map(({ id }) => id))
  const all = entries.filter(isKind('claim'))
  // That a claim was taken back is no outcome of another one of the same windows.
  const takenBack = new Set(all.map(({ id }) => takenBackId(id)))
  const outcomes = entries.filter(isKind('outcome')).filter(({ id }) => !takenBack.has(id))
  const claims: Claim[] = []
  for (const { id, key, at, until } of all) {
    if (ids.has(takenBackId(id))) continue
    const hasOutcome = outcomes.some((outcome) => outcome.key === key)
    const run = entries.find((entry) => entry.id === startedId(id))?.run
    claims.push({ key, at, until, ended: hasOutcome || (run !== undefined && (await isOver(run.id, forge))) })
  }
  return claims
}

const endedStates: ReadonlySet<string> = new Set(['succeeded', 'failed', 'cancelled'])

async function isOver(run: string, forge: Ports['forge']): Promise<boolean> {
  if (forge === undefined) return false
  // A forge that does not answer leaves the lease as it is.
  const state = await forge.runState(run).catch(() => 'unknown')
  return endedStates.has(state)
}
