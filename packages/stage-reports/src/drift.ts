import type { Block, ColumnDrift, Document, Report, Section, Text } from '@headgate/core'
import {
  absent,
  bytes,
  chart,
  details,
  duration,
  interval,
  number,
  percent,
  percentChange,
  section,
  sentence,
  table,
} from '@headgate/reports'
import { driftTests, isTestName } from '@headgate/statistics'

type Drift = Document<'drift'>

/** What a drift check says to a person. */
export function reportDrift(document: Drift): Report {
  const sections: Section[] = [
    section('Retraining', 10, decision(document)),
    section('Columns that drifted', 20, drifted(document)),
    section('Missing values', 22, missing(document)),
    section('Not compared', 25, untested(document)),
    section('Service', 30, service(document)),
    section('Windows', 40, history(document)),
    section('Quiet columns', 60, quiet(document)),
    section('What was compared', 70, sides(document)),
  ]
  return {
    title: 'Drift check',
    verdict: document.verdict,
    summary: document.summary,
    sections: sections.filter(({ blocks }) => blocks.length > 0),
    annotations: annotations(document),
  }
}

function annotations({ verdict, summary }: Drift): Report['annotations'] {
  if (verdict === 'pass') return []
  return [{ level: verdict === 'fail' ? 'error' : 'warning', title: 'Drift check', message: summary }]
}

function decision({ decision: decided }: Drift): Block[] {
  const [word, reasons] = [decided.retrain ? 'Train again.' : 'No retraining.', decided.reasons.join(' ')]
  const blocks = [sentence([{ strong: word }, ` ${reasons}`])]
  if (decided.blockedBy.length > 0) blocks.push(sentence(`Held back: ${decided.blockedBy.join(' ')}`))
  if (decided.runUrl !== null)
    blocks.push(sentence([{ link: { text: 'The run that was started', url: decided.runUrl } }]))
  return blocks
}

function drifted({ columns }: Drift): Block[] {
  const found = byStrength(columns.filter((column) => column.drifted !== false))
  if (found.length === 0) return []
  const charts = found.flatMap((column) => distribution(column))
  return [columnTable('Columns that drifted, or may have', found), ...charts]
}

function quiet({ columns }: Drift): Block[] {
  const found = byStrength(columns.filter((column) => column.drifted === false))
  if (found.length === 0) return []
  return [details(`${found.length} columns did not drift`, [columnTable('Quiet columns', found)])]
}

/** The farther beyond its threshold, the earlier. */
function byStrength(columns: readonly ColumnDrift[]): ColumnDrift[] {
  return [...columns].sort((a, b) => strength(b) - strength(a) || (a.column < b.column ? -1 : 1))
}

function strength({ test, score, interval: bounds, threshold }: ColumnDrift): number {
  const value = score ?? (bounds === null ? null : (bounds.low + bounds.high) / 2)
  if (value === null || threshold === null || !isTestName(test)) return Number.NEGATIVE_INFINITY
  const tiniest = 1e-300
  return driftTests[test].kind === 'distance' ? value / threshold : threshold / Math.max(value, tiniest)
}

function columnTable(caption: string, columns: readonly ColumnDrift[]): Block {
  const rows = columns.map((column): Text[] => [
    { code: column.column },
    { status: column.status },
    { code: column.test },
    column.score === null && column.interval
      ? interval(column.interval.low, column.interval.high)
      : number(column.score),
    number(column.threshold),
    percentChange(column.missingShare.reference, column.missingShare.current),
    column.note ?? '',
  ])
  const right = (title: string) => ({ title, align: 'right' as const })
  const titles = ['Column', 'Status', 'Test', right('Score'), right('Limit'), right('Missing'), 'Note']
  return table(caption, titles, rows)
}

function distribution({ column, distribution: shares }: ColumnDrift): Block[] {
  if (shares === undefined) return []
  const { labels, reference, current } = shares
  const gaps = labels.map((label, index) => ({ label, gap: (current[index] ?? 0) - (reference[index] ?? 0) }))
  const [largest] = gaps.sort((a, b) => Math.abs(b.gap) - Math.abs(a.gap))
  const index = labels.indexOf(largest?.label ?? '')
  const alternative = `${column}: the largest change is at ${largest?.label}, from ${percent(reference[index])} of the rows to ${percent(current[index])}.`
  const series = [
    { name: 'reference', values: reference },
    { name: 'current', values: current },
  ]
  return [chart(`${column}, shares of the rows`, alternative, { type: 'bars', labels, series })]
}

function missing({ columns, untested: left }: Drift): Block[] {
  const jumps = [...columns, ...left].filter(({ missingShare }) => missingShare?.jumped)
  if (jumps.length === 0) return []
  const rows = jumps.map(({ column, status, missingShare }): Text[] => [
    { code: column },
    { status },
    percent(missingShare?.reference),
    percent(missingShare?.current),
  ])
  const right = (title: string) => ({ title, align: 'right' as const })
  return [
    table('Columns whose missing values jumped', ['Column', 'Status', right('Reference'), right('Current')], rows),
  ]
}

function untested({ untested: left }: Drift): Block[] {
  if (left.length === 0) return []
  const rows = left.map(({ column, status, reason }): Text[] => [{ code: column }, { status }, reason])
  return [table('Columns that were not compared', ['Column', 'Status', 'Reason'], rows)]
}

function service({ service: figures }: Drift): Block[] {
  if (figures.length === 0) return []
  const rows = figures.map((figure): Text[] => [
    figure.name,
    { status: figure.status },
    inUnit(figure.value, figure.unit),
    inUnit(figure.limit, figure.unit),
    { code: figure.query },
    figure.note ?? '',
  ])
  const right = (title: string) => ({ title, align: 'right' as const })
  return [table('The service', ['Figure', 'Status', right('Value'), right('Limit'), 'Measured by', 'Note'], rows)]
}

function inUnit(value: number | null, unit: string): string {
  if (value === null) return absent
  if (unit === 's') return duration(value * 1000)
  if (unit === 'bytes') return bytes(value)
  return unit === 'share' ? percent(value) : number(value)
}

function history({ history: windows = [] }: Drift): Block[] {
  if (windows.length < 2) return []
  const points = windows.map(({ until, drifted: isDrifted, share }) => ({
    at: until,
    label: share === null ? until.slice(0, 10) : `${until.slice(0, 10)}: ${percent(share, 0)}`,
    status: isDrifted ? ('fail' as const) : ('pass' as const),
  }))
  const count = windows.filter((window) => window.drifted).length
  const alternative = `${count} of the last ${windows.length} windows drifted, up to ${windows.at(-1)?.until.slice(0, 10)}.`
  return [chart('The last windows', alternative, { type: 'timeline', points })]
}

function sides({ reference, current, version, preset }: Drift): Block[] {
  const { window } = current
  const rows: Text[][] = [
    ['Reference', { code: reference.source }, number(reference.rows), { code: reference.digest }],
    ['Current', { code: current.source }, number(current.rows), { code: current.digest }],
  ]
  const time = window ? `Rows from ${window.from} to ${window.until}. ` : ''
  const served = version === null ? '' : ` The version in service is ${version}.`
  const sizes = table('What was compared', ['Side', 'Source', { title: 'Rows', align: 'right' }, 'Digest'], rows)
  return [sizes, sentence(`${time}Tests: ${preset}.${served}`)]
}
