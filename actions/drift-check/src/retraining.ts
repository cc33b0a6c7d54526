import type { Decision, Settings } from '@headgate/core'
import { messageOf, OutsideError, registeredName } from '@headgate/core'
import { hadNoEffect, type StartedRun } from '@headgate/forges'
import type { EntryOf, NewEntry } from '@headgate/ledger'
import { startedId, takenBackId } from './claim.ts'
import { stampOf } from './entry.ts'
import type { Ports } from './ports.ts'
import type { stage } from './stage.ts'

type DriftSettings = Settings<typeof stage>

/**
 * Starts the retraining that was claimed; where no run can be started, says who has to.
 * @throws OutsideError when it was not started, or nobody knows whether it was.
 */
export async function startRetraining(
  decision: Decision,
  claim: EntryOf<'claim'>,
  settings: DriftSettings,
  ports: Ports,
): Promise<Decision> {
  const { forge, context, log } = ports
  const { reasons } = decision
  if (settings.retrain !== 'dispatch') return decision
  if (forge === undefined) {
    const reason = 'No run can be started from here: train again with `headgate run`.'
    log.notice(reason)
    return { ...decision, reasons: [...reasons, reason] }
  }
  const reason = `${reasons.join(' ')} Key ${claim.key}.`
  const started = await forge
    .dispatch(settings.workflow, context.defaultBranch, { reason })
    .catch((error: unknown) => tellNotStarted(error, claim, settings, ports))
  await recordStart(started, claim, settings, ports)
  return { ...decision, runUrl: started.url ?? null }
}

/** Takes the claim back only where the run surely was not started: else a second look could start another. */
async function tellNotStarted(
  error: unknown,
  claim: EntryOf<'claim'>,
  settings: DriftSettings,
  ports: Ports,
): Promise<never> {
  const { workflow } = settings
  const tried = `Started ${workflow} on ${ports.context.defaultBranch}.`
  if (!hadNoEffect(error)) {
    const known = `${messageOf(error)} Whether a run started is not known.`
    const state = `${known} The claim in the ledger stands until ${claim.until}, and these windows start no other run.`
    const next = `Look for a run of ${workflow} on the forge. If there is none, start it by hand.`
    throw new OutsideError({ tried, state, next }, { cause: error })
  }
  const { id, key } = claim
  const entry = { ...stampOf(ports), kind: 'outcome' as const, id: takenBackId(id), key, result: 'cancelled' as const }
  const problem = await append(entry, settings, ports)
  const taken = problem === undefined ? 'was taken back' : `stands until ${claim.until}, for it could not be taken back`
  const state =
    `The forge did not start it: ${messageOf(error)}. The claim in the ledger ${taken}. ${problem ?? ''}`.trim()
  const again = problem === undefined ? 'run again' : 'start it by hand'
  const next = `Check that the workflow is there, takes the input \`reason\`, and that this job may start it; then ${again}.`
  throw new OutsideError({ tried, state, next }, { cause: error })
}

/** Names the run, so that a later look at it may end the lease early. */
async function recordStart(
  started: StartedRun,
  claim: EntryOf<'claim'>,
  settings: DriftSettings,
  ports: Ports,
): Promise<void> {
  const run = started.id === undefined ? {} : { run: { id: started.id, url: started.url ?? '' } }
  const told = { retrain: true, reasons: [`Started ${settings.workflow}.`], blockedBy: [], runUrl: started.url ?? null }
  const id = startedId(claim.id)
  const entry = { ...stampOf(ports), ...run, kind: 'decision' as const, id, key: claim.key, ...told }
  const problem = await append(entry, settings, ports)
  if (problem === undefined) return
  const lost = `the ledger was not told which run it is: ${problem}`
  ports.log.warning(`Started ${settings.workflow}, but ${lost} It counts as in flight until ${claim.until}.`)
}

/** Appends an entry; returns what went wrong, if anything did. */
async function append(entry: NewEntry, settings: DriftSettings, { ledger }: Ports): Promise<string | undefined> {
  try {
    await ledger?.append(registeredName(settings), [entry])
    return undefined
  } catch (error) {
    return messageOf(error)
  }
}
