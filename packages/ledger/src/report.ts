import type { Report, Status, Text, Verdict } from '@headgate/core'
import type { Entry } from './entry.ts'

/** A model's history for a person: a timeline, then every entry in words. */
export function ledgerReport(model: string, entries: readonly Entry[]): Report {
  const newest = entries.at(-1)
  const since = newest ? `, the last on ${newest.at.slice(0, 10)}: ${sentenceOf(newest)}` : ''
  const summary = `${entries.length} ${entries.length === 1 ? 'entry' : 'entries'}${since}.`
  const points = entries.map((entry) => ({ at: entry.at, label: sentenceOf(entry), status: statusOf(entry) }))
  const rows = entries.map((entry): Text[] => [entry.at, entry.kind, sentenceOf(entry), entry.actor, runOf(entry)])
  const table = {
    block: 'table',
    caption: 'Entries, oldest first',
    columns: [{ title: 'When' }, { title: 'Kind' }, { title: 'What' }, { title: 'By' }, { title: 'Run' }],
    rows,
  } as const
  const chart = { type: 'timeline', points } as const
  const timeline = { block: 'chart', title: 'Timeline', alternative: summary, chart } as const
  return {
    title: `Ledger of ${model}`,
    verdict: 'pass',
    summary,
    sections: entries.length === 0 ? [] : [{ name: 'History', priority: 0, blocks: [timeline, table] }],
    annotations: [],
  }
}

function runOf({ run }: Entry): Text {
  return run ? { link: { text: run.id, url: run.url } } : ''
}

/** What an entry says, without when and who. */
function sentenceOf(entry: Entry): string {
  switch (entry.kind) {
    case 'window':
      return `${entry.drifted ? 'drift' : 'no drift'} from ${entry.from.slice(0, 10)} to ${entry.until.slice(0, 10)}${shareOf(entry.share)}`
    case 'decision':
      return `${entry.retrain ? 'retrain' : 'no retrain'}: ${[...entry.reasons, ...entry.blockedBy].map(withoutStop).join('; ')}`
    case 'claim':
      return `retraining claimed until ${entry.until}`
    case 'outcome':
      return `retraining ${entry.result}${entry.version ? ` with version ${entry.version}` : ''}`
    case 'training':
      return `trained${entry.executor ? ` by ${entry.executor}` : ''} in ${Math.round(entry.durationMs / 1000)} s${entry.version ? `, version ${entry.version}` : ''}`
    case 'registration':
      return `version ${entry.version} registered as ${entry.tag}`
    case 'promotion':
      return `${entry.alias} moved from ${entry.previous ?? 'nothing'} to ${entry.version}: ${entry.reason}`
    case 'deployment':
      return `version ${entry.version} to ${entry.environment} ${entry.status}: ${entry.reason}`
  }
}

function withoutStop(sentence: string): string {
  return sentence.replace(/\.$/, '')
}

function shareOf(share: number | null): string {
  return share === null ? '' : ` (${(share * 100).toFixed(0)} % of columns)`
}

function statusOf(entry: Entry): Status | Verdict {
  if (entry.kind === 'window') return entry.drifted ? 'warn' : 'pass'
  if (entry.kind === 'outcome') return entry.result === 'succeeded' ? 'pass' : 'warn'
  if (entry.kind === 'deployment') return entry.status === 'succeeded' ? 'pass' : 'fail'
  return entry.kind === 'decision' && entry.retrain ? 'warn' : 'pass'
}
