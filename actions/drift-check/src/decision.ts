import type { Decision, Drift, Settings } from '@headgate/core'
import { digestOfValue, mayWrite, registeredName, UserError } from '@headgate/core'
import type { Entry, EntryOf, NewEntry } from '@headgate/ledger'
import { decide } from '@headgate/retraining'
import { claimsOf, newClaimId } from './claim.ts'
import { isKind, stampOf } from './entry.ts'
import type { Ports } from './ports.ts'
import { startRetraining } from './retraining.ts'
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

/**
 * Decides whether to train again and writes window, decision and, for a retraining, its claim in one append: whoever
 * looks at the same time decides again on what was written first. Who may not write, and dry runs, only read.
 */
export async function decideAndRecord(finding: Finding, settings: DriftSettings, ports: Ports): Promise<Decided> {
  const { ledger, context } = ports
  if (ledger === undefined) {
    const reason = 'There is no ledger outside a Git work tree: nothing is decided or written down.'
    return { decision: refused(reason), version: null, history: [] }
  }
  if (settings.dryRun || !mayWrite(context)) {
    const { entries } = await ledger.read(registeredName(settings))
    const { decision } = await judge(finding, entries, settings, ports)
    return { ...seen(entries, settings), decision }
  }
  refuseWithoutToken(settings, ports)
  const claimId = newClaimId()
  let judged: Judged | undefined
  const { entries } = await ledger.update(registeredName(settings), async (found) => {
    judged = await judge(finding, found, settings, ports)
    return newEntries({ ...finding, version: versionOf(found, settings) }, judged, claimId, settings, ports)
  })
  const { decision } = judged ?? (await judge(finding, entries, settings, ports))
  const claim = entries.filter(isKind('claim')).find(({ id }) => id === claimId)
  const outcome = claim === undefined ? decision : await startRetraining(decision, claim, settings, ports)
  return { ...seen(entries, settings), decision: outcome }
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
  const { rules } = settings
  const window = { id: finding.id, drifted: finding.drifted, until }
  const decision = decide({ model: registeredName(settings), now: now(), window, earlier, claims, rules })
  return { decision, until }
}

function refused(reason: string): Decision {
  return { retrain: false, reasons: [reason], blockedBy: [], key: null, runUrl: null }
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
