import type { Block, Document, IntervalMark, MetricResult, Report, Section, Text } from '@headgate/core'
import { limitsOf, worstFirst } from '@headgate/core'
import {
  absent,
  chart,
  code,
  details,
  interval,
  number,
  percent,
  section,
  sentence,
  shown,
  signed,
  table,
} from '@headgate/reports'
import { isMetricName, metrics } from '@headgate/statistics'

type EvaluationDocument = Document<'evaluation'>

/** What the gate says to a person: failures first, each with the numbers that decided. */
export function reportEvaluation(document: EvaluationDocument): Report {
  const rows = sorted(document.metrics)
  const deciding = rows.filter(({ rule }) => rule !== null)
  return {
    title: 'Gate',
    verdict: document.verdict,
    summary: document.summary,
    sections: [
      section('Evidence', 1, [sentence(evidenceText(document)), ...changeBlocks(document)]),
      ...(deciding.length === 0
        ? []
        : [section('Checks', 0, [metricTable('Checks', deciding), ...intervalCharts(deciding)])]),
      ...restSection(rows.filter(({ rule }) => rule === null)),
      ...shapeSection(document),
    ],
    annotations: deciding
      .filter(({ status }) => status !== 'pass')
      .map(({ status, reason, metric }) => ({
        level: status === 'warn' ? 'warning' : 'error',
        title: `Gate: ${metric}`,
        message: reason,
      })),
  }
}

function sorted(rows: readonly MetricResult[]): MetricResult[] {
  return [...rows].sort((a, b) => worstFirst.indexOf(a.status) - worstFirst.indexOf(b.status))
}

function evidenceText({ evidence, testData, baseline, policy, bootstrap, seed }: EvaluationDocument): Text {
  const rows: Text = testData
    ? [`Held-out: ${number(testData.rows)} rows of `, { code: testData.source }, '. ']
    : `${evidence}: labels come with the predictions. `
  const pairing = baseline.paired ? 'on the same rows' : 'without predictions of the same rows'
  const against: Text =
    baseline.kind === 'none'
      ? bootstrap
        ? 'No baseline: the first model. '
        : 'No baseline. '
      : [`Baseline: ${baseline.kind}${baseline.version === null ? '' : ` v${baseline.version}`}, ${pairing}. `]
  const origin: Text = [
    'Policy: ',
    { code: policy.path },
    ...(policy.ref === null ? [] : [' at ', { code: policy.ref }]),
    `. Seed ${seed}.`,
  ]
  return [rows, against, origin].flat()
}

function changeBlocks({ policy }: EvaluationDocument): Block[] {
  if (policy.changed === undefined) return []
  return [details('The pull request would change the policy', [code('diff', policy.changed)], true)]
}

function metricTable(caption: string, rows: readonly MetricResult[]): Block {
  const right = (title: string) => ({ title, align: 'right' }) as const
  return table(
    caption,
    [
      'Metric',
      'Slice',
      right('Rows'),
      right('Baseline'),
      right('Candidate'),
      right('Δ'),
      right('95 % interval'),
      'Limit',
      'Status',
    ],
    rows.map((row) => [
      { code: row.metric },
      row.slice === null ? absent : { code: row.slice },
      number(row.rows),
      row.baseline === null ? absent : shown(row.baseline),
      row.candidate === null ? absent : shown(row.candidate),
      signed(row.difference, 4),
      row.interval ? interval(row.interval.low, row.interval.high, 4) : absent,
      limitText(row),
      row.rule === null ? 'reported' : { status: row.status },
    ]),
  )
}

const limitWords = { min: '≥', max: '≤', maxLoss: 'loss ≤', minGain: 'gain ≥', maxGap: 'gap ≤' } as const

function limitText({ rule }: MetricResult): string {
  if (rule === null) return absent
  const unit = (key: keyof typeof limitWords) => rule.relative && (key === 'maxLoss' || key === 'minGain')
  const limits = limitsOf(rule).map((key) => `${limitWords[key]} ${unit(key) ? percent(rule[key]) : number(rule[key])}`)
  return limits.join(', ') || absent
}

/** Differences and values lie on different scales: one chart each, and one per metric. */
function intervalCharts(rows: readonly MetricResult[]): Block[] {
  const groups = Map.groupBy(
    rows.filter((row) => row.interval !== null),
    (row) => `${row.metric}: ${row.rule?.maxGap !== undefined ? 'gap' : row.interval?.of}`,
  )
  return [...groups].map(([title, group]) => {
    const marks = group.map(markOf)
    const words = group.map((row) => row.reason).join(' ')
    return chart(`${title}, 95 % interval`, words, { type: 'intervals', marks })
  })
}

function markOf(row: MetricResult): IntervalMark {
  const isDifference = row.interval?.of === 'difference'
  const limit = isDifference ? differenceLimit(row) : (row.rule?.maxGap ?? row.rule?.min ?? row.rule?.max)
  return {
    label: row.slice ?? 'all rows',
    low: row.interval?.low ?? null,
    point: isDifference ? row.difference : row.candidate,
    high: row.interval?.high ?? null,
    ...(limit === undefined ? {} : { limit }),
    status: row.status,
  }
}

/** A margin on the scale of the difference, whose sign follows from which side the harm lies on. */
function differenceLimit({ rule, metric, baseline }: MetricResult): number | undefined {
  const unit = rule?.relative ? Math.abs(baseline ?? 0) : 1
  const better = isLowerBetter(metric) ? -1 : 1
  if (rule?.maxLoss !== undefined) return -better * rule.maxLoss * unit
  return rule?.minGain === undefined ? undefined : better * rule.minGain * unit
}

function isLowerBetter(metric: string): boolean {
  return isMetricName(metric) && metrics[metric].direction === 'lower'
}

function restSection(rows: readonly MetricResult[]): Section[] {
  if (rows.length === 0) return []
  return [section('Reported only', 3, [details(`${rows.length} more`, [metricTable('Reported only', rows)])])]
}

function shapeSection({ confusion, calibration }: EvaluationDocument): Section[] {
  const blocks: Block[] = []
  if (confusion) {
    const columns = [
      'Truth',
      ...confusion.labels.map((label) => ({ title: `predicted ${label}`, align: 'right' as const })),
    ]
    const rows = confusion.counts.map((counts, index) => [
      confusion.labels[index] ?? '',
      ...counts.map((count) => number(count)),
    ])
    blocks.push(details('Confusion', [table('Confusion', columns, rows)]))
  }
  if (calibration && calibration.length > 0) {
    const labels = calibration.map(({ low, high }) => interval(low, high, 1))
    const series = [
      { name: 'mean score', values: calibration.map(({ meanScore }) => meanScore) },
      { name: 'observed share', values: calibration.map(({ observedShare }) => observedShare) },
    ]
    const alternative = 'For each tenth of the scores: their mean, and the share of positive rows.'
    const rows = calibration.map((bin, index) => [
      labels[index] ?? '',
      number(bin.count),
      number(bin.meanScore, 3),
      number(bin.observedShare, 3),
    ])
    const columns = [
      'Score',
      ...['Rows', 'Mean score', 'Observed share'].map((title) => ({ title, align: 'right' as const })),
    ]
    blocks.push(
      details('Calibration', [
        chart('Calibration', alternative, { type: 'lines', labels, series }),
        table('Calibration', columns, rows),
      ]),
    )
  }
  return blocks.length === 0 ? [] : [section('Shape', 4, blocks)]
}
