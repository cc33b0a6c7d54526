import type { Block, Document, Report, Text } from '@headgate/core'
import { absent, code, details, number, section, sentence, signed, table } from '@headgate/reports'

type Reproduction = Document<'reproduction'>

/** What a training that was run again says to a person: what decides first, then what differs. */
export function reportReproduction(document: Reproduction): Report {
  const sections = [
    section('Metrics', 0, metricBlocks(document)),
    section('Data', 1, dataBlocks(document)),
    section('What differs', 2, differenceBlocks(document)),
    section('Artifacts', 3, artifactBlocks(document)),
    section('Training', 4, [trainingTable(document)]),
  ]
  return {
    title: `Reproduction of ${document.version}`,
    verdict: document.verdict,
    summary: document.summary,
    sections: sections.filter(({ blocks }) => blocks.length > 0),
    annotations:
      document.verdict === 'pass' ? [] : [{ level: 'error', title: 'Not reproduced', message: document.summary }],
  }
}

function metricBlocks({ run, basis, basisReason, metrics, predictions, tolerance }: Reproduction): Block[] {
  if (run === null) return []
  const told: Readonly<Record<Reproduction['basis'], string>> = {
    predictions: 'The gate’s own metrics of the old and the new predictions, on the same test data.',
    'metrics.json': `What the training code says in metrics.json: ${basisReason}`,
    none: `No metric could be compared: ${basisReason}`,
  }
  const rows = metrics.map((row): Text[] => [
    row.slice === null ? { code: row.metric } : [{ code: row.metric }, ` in ${row.slice}`],
    number(row.was),
    number(row.is),
    signed(row.difference),
    number(row.allowed),
    { status: row.status },
  ])
  const columns = ['Metric', right('Was'), right('Is'), right('Difference'), right('Allowed'), 'Status']
  return [
    sentence(told[basis]),
    ...(rows.length === 0 ? [] : [table('Metrics', columns, rows)]),
    ...(rows.length === 0 ? [] : [sentence(`Allowed: ${toleranceText(tolerance)}.`)]),
    ...(predictions === null ? [] : [sentence(predictionText(predictions))]),
  ]
}

function right(title: string) {
  return { title, align: 'right' as const }
}

/** `0.0001 + 0.1 % of what it was`. */
export function toleranceText({ absolute, relative }: Reproduction['tolerance']): string {
  const share = `${Number((relative * 100).toPrecision(12))} % of what it was`
  if (relative === 0) return `${absolute}`
  return absolute === 0 ? share : `${absolute} + ${share}`
}

function predictionText({ rows, differing, largest }: NonNullable<Reproduction['predictions']>): string {
  const most =
    largest === null || largest === 0 ? '' : ` The largest difference of a score or value is ${number(largest)}.`
  return `${number(differing)} of ${number(rows)} rows are predicted differently.${most}`
}

const sources = {
  commit: 'as it was, in the commit',
  'work-tree': 'as it was, in the work tree',
  data: 'as it was, found by `--data`',
  training: 'as it was, read by the training',
} as const

function dataBlocks({ data }: Reproduction): Block[] {
  const rows = data.map(({ path, was, is, restoredFrom }): Text[] => [
    { code: path },
    restoredFrom === null ? (is === null ? 'no longer there' : ['is ', { code: is }]) : sources[restoredFrom],
    { code: was },
  ])
  return rows.length === 0 ? [] : [table('Data', ['Data', 'Now', 'Was'], rows)]
}

function differenceBlocks({ run, differences }: Reproduction): Block[] {
  if (differences.length === 0) return run === null ? [] : [sentence('Nothing of code, settings and environment.')]
  const rows = differences.map(({ what, was, is }): Text[] => [what, was ?? absent, is ?? absent])
  return [table('What differs', ['What', 'Was', 'Is'], rows)]
}

function artifactBlocks({ artifacts }: Reproduction): Block[] {
  if (artifacts.length === 0) return []
  const same = artifacts.filter(({ was, is }) => was === is)
  const others = artifacts.filter(({ was, is }) => was !== is)
  const lines = others.map(({ path, was, is }) => `${path}: ${was ?? 'not there'} was, ${is ?? 'not there'} is`)
  return [
    sentence(`${same.length} of ${artifacts.length} files are the same, byte for byte.`),
    ...(lines.length === 0 ? [] : [details(`${lines.length} files that differ`, [code('text', lines.join('\n'))])]),
  ]
}

function trainingTable({ original, run }: Reproduction): Block {
  const rows: Text[][] = [
    ['Run', original.runId, run?.id ?? 'none'],
    ['Commit', { code: original.commit }, ''],
    ['Duration', seconds(original.durationMs), seconds(run?.durationMs ?? null)],
    ['Key', { code: original.key }, run === null ? absent : run.key === original.key ? 'the same' : { code: run.key }],
  ]
  return table('Training', ['', 'Was', 'Is'], rows)
}

function seconds(ms: number | null): string {
  return ms === null ? absent : `${number(ms / 1000)} s`
}
