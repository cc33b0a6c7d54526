import { randomUUID } from 'node:crypto'
import type { Decision, Drift, Settings } from '@headgate/core'
import { digestOfValue, messageOf, OutsideError, UserError } from '@headgate/core'
import type { Entry, EntryOf, NewEntry } from '@headgate/ledger'
import type { Claim } from '@headgate/retraining'
import { decide } from '@headgate/retraining'
import type { Ports } from './ports.ts'
import type { stage } from './stage.ts'

type DriftSettings = Settings<typeof stage>

/** What was found of one window, before anything is decided. */
export interface Finding {
  readonly id: string
  readonly range: Drift['current']['window']
  readonly drifted: boolean | null
  readonly share: number | null
}

export interface Decided {
  readonly decision: Decision
  readonly version: string | null
  readonly history: NonNullable<Drift['history']>
}

const shownWindows = 12
const readingEvents: ReadonlySet<string> = new Set(['pull-request', 'merge-queue', 'other'])

/**
 * Decides whether to train again and writes window, decision and, for a retraining, its claim in one append: whoever
 * looks at the same time decides again on what was written first. Pull requests and dry runs only read.
 */
export async function decideAndRecord(finding: Finding, settings: DriftSettings, ports: Ports): Promise<Decided> {
  const { ledger, context } = ports
  if (ledger === undefined) {
    const reason = 'There is no ledger outside a Git work tree: nothing is decided or written down.'
    return { decision: refused(reason), version: null, history: [] }
  }
  if (settings.dryRun || readingEvents.has(context.event)) {
    const { entries } = await ledger.read(settings.model)
    const { decision } = await judge(finding, entries, settings, ports)
    return { ...seen(entries, settings), decision }
  }
  refuseWithoutToken(settings, ports)
  // Only a claim is told apart by who makes it: of two that look at the same time, one starts the run.
  const claimId = `claim-${randomUUID()}`
  let judged: Judged | undefined
  const { entries } = await ledger.update(settings.model, async (found) => {
    judged = await judge(finding, found, settings, ports)
    return newEntries({ ...finding, version: versionOf(found, settings) }, judged, claimId, settings, ports)
  })
  const { decision } = judged ?? (await judge(finding, entries, settings, ports))
  const started = await startRun(decision, claimId, settings, ports)
  return { ...seen(entries, settings), decision: { ...decision, ...started } }
}

function refuseWithoutToken({ retrain }: DriftSettings, { context, forge }: Ports): void {
  if (retrain !== 'dispatch' || context.forge === undefined || forge !== undefined) return
  const fix = 'Give the job `permissions: { actions: write }` and its token as `token`.'
  throw new UserError({ what: '`retrain: dispatch` needs a token to start a run on the forge.', fix })
}

interface Judged {
  readonly decision: Decision
  /** When the window ended; what was written first of the same rows counts. */
  readonly until: string
}

async function judge(
  finding: Finding,
  entries: readonly Entry[],
  settings: DriftSettings,
  { forge, now }: Ports,
): Promise<Judged> {
  const windows = entries.filter(isKind('window'))
  const known = windows.find(({ id }) => id === finding.id)
  const until = finding.range?.until ?? known?.until ?? now().toISOString()
  if (settings.retrain === 'off') return { decision: refused('Retraining is off (`retrain: off`).'), until }
  // Rows that came late or were mended make the same window again: its newest word counts.
  const isSameTime = (window: EntryOf<'window'>): boolean =>
    window.from === finding.range?.from && window.until === finding.range.until
  const earlier = windows.filter((window) => window.id !== finding.id && !isSameTime(window))
  const claims = await claimsOf(entries, forge)
  const { model, rules } = settings
  const window = { id: finding.id, drifted: finding.drifted, until }
  const decision = decide({ model, now: now(), window, earlier, claims, rules })
  return { decision, until }
}

function refused(reason: string): Decision {
  return { retrain: false, reasons: [reason], blockedBy: [], key: null, runUrl: null }
}

/** Claims that led to a run, or may have. One whose run was never started holds nothing back. */
async function claimsOf(entries: readonly Entry[], forge: Ports['forge']): Promise<Claim[]> {
  const claims: Claim[] = []
  for (const { id, key, at, until } of entries.filter(isKind('claim'))) {
    if (entries.some((entry) => entry.id === notStarted(id))) continue
    const hasOutcome = entries.some((entry) => entry.kind === 'outcome' && entry.key === key)
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

function notStarted(claimId: string): string {
  return `not-started-${claimId}`
}

function startedId(claimId: string): string {
  return `started-${claimId}`
}

function newEntries(
  finding: Finding & { readonly version: string | null },
  { decision, until }: Judged,
  claimId: string,
  settings: DriftSettings,
  ports: Ports,
): NewEntry[] {
  const { share, drifted, version } = finding
  const stamp = stampOf(ports)
  const entries: NewEntry[] = []
  // What could not be decided is no window: it neither counts for a retraining nor against one.
  if (drifted !== null) {
    const window = { from: finding.range?.from ?? until, until, drifted, share, version }
    entries.push({ ...stamp, kind: 'window', id: finding.id, ...window })
  }
  if (settings.retrain === 'off') return entries
  const { retrain, reasons, blockedBy, key } = decision
  const id = `decision-${finding.id}-${digestOfValue([retrain, blockedBy, reasons]).slice(7, 15)}`
  entries.push({ ...stamp, kind: 'decision', id, retrain, reasons, blockedBy, key: key ?? finding.id, runUrl: null })
  if (!retrain || key === null) return entries
  const lease = new Date(ports.now().getTime() + settings.rules.lease).toISOString()
  return [...entries, { ...stamp, kind: 'claim', id: claimId, key, until: lease }]
}

function stampOf({ context: { commit, actor, run } }: Ports): Pick<Entry, 'commit' | 'actor' | 'run'> {
  return { commit: commit || null, actor, ...(run ? { run: { id: run.id, url: run.url } } : {}) }
}

/** Starts the retraining that was claimed; where no run can be started, says who has to. */
async function startRun(
  decision: Decision,
  claimId: string,
  settings: DriftSettings,
  ports: Ports,
): Promise<Partial<Decision>> {
  const { ledger, forge, context, log } = ports
  if (!decision.retrain || decision.key === null || settings.retrain !== 'dispatch') return {}
  if (forge === undefined) {
    const reason = 'No run can be started from here: train again with `headgate run`.'
    log.notice(reason)
    return { reasons: [...decision.reasons, reason] }
  }
  const stamp = stampOf(ports)
  const reason = `${decision.reasons.join(' ')} Key ${decision.key}.`
  try {
    const started = await forge.dispatch(settings.workflow, context.defaultBranch, { reason })
    const run = started.id === undefined ? {} : { run: { id: started.id, url: started.url ?? '' } }
    // This entry's run is the one that was started: a later look at it may end the lease early.
    const { reasons, key } = { reasons: [`Started ${settings.workflow}.`], key: decision.key }
    const entry = { retrain: true, reasons, blockedBy: [], key, runUrl: started.url ?? null }
    await ledger?.append(settings.model, [{ ...stamp, ...run, kind: 'decision', id: startedId(claimId), ...entry }])
    return { runUrl: started.url ?? null }
  } catch (error) {
    const outcome = { key: decision.key, result: 'cancelled' as const }
    await ledger?.append(settings.model, [{ ...stamp, kind: 'outcome', id: notStarted(claimId), ...outcome }])
    const account = {
      tried: `Started ${settings.workflow} on ${context.defaultBranch}.`,
      state: `The forge refused it: ${messageOf(error)}. The claim in the ledger was taken back.`,
      next: 'Check that the workflow is there, takes the input `reason`, and that this job may start it; then run again.',
    }
    throw new OutsideError(account, { cause: error })
  }
}

function seen(entries: readonly Entry[], settings: DriftSettings): Pick<Decided, 'version' | 'history'> {
  const history = entries
    .filter(isKind('window'))
    .map(({ until, drifted, share }) => ({ until, drifted, share }))
    .sort((a, b) => (a.until < b.until ? -1 : 1))
    .slice(-shownWindows)
  return { version: versionOf(entries, settings), history }
}

/** The version that the environment is meant to serve. */
function versionOf(entries: readonly Entry[], { environment }: DriftSettings): string | null {
  const deployed = entries
    .filter(isKind('deployment'))
    .findLast((entry) => entry.environment === environment && entry.status === 'succeeded')
  return deployed?.version ?? null
}

function isKind<K extends Entry['kind']>(kind: K): (entry: Entry) => entry is EntryOf<K> {
  return (entry): entry is EntryOf<K> => entry.kind === kind
}
