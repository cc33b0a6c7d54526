import type { Block, Document, Report, Section } from '@headgate/core'
import { code, counted, details, mebibytes, section, sentence, table } from '@headgate/reports'
import { commandText } from '@headgate/systems'

type Training = Document<'training'>

/** What a training says to a person. */
export function reportTraining(document: Training): Report {
  const sections = [
    ...failure(document),
    section('Not logged to the tracking server', 20, notLogged(document)),
    section('Metrics of the training itself', 30, metrics(document)),
    section('Run', 40, run(document)),
    section('Inputs', 50, inputs(document)),
    section('Artifacts', 70, artifacts(document)),
  ]
  const annotations = document.error
    ? [{ level: 'error' as const, title: 'Training failed', message: document.error.message }]
    : []
  return {
    title: 'Training',
    verdict: document.verdict,
    summary: document.summary,
    sections: sections.filter(({ blocks }) => blocks.length > 0),
    annotations,
  }
}

function failure({ error }: Training): Section[] {
  if (error === undefined) return []
  return [section('What went wrong', 10, [code('text', error.message), sentence(error.remedy)])]
}

function notLogged({ tracking }: Training): Block[] {
  const missing = tracking?.notLogged ?? []
  return missing.length === 0 ? [] : [sentence('The training itself is whole.'), code('text', missing.join('\n'))]
}

function metrics({ metrics: found }: Training): Block[] {
  const rows = Object.entries(found).map(([name, value]) => [
    { code: name },
    value === null ? 'not finite' : `${value}`,
  ])
  if (rows.length === 0) return []
  const note = 'As the code measured them: no gate rests on these.'
  return [sentence(note), table('Metrics', ['Metric', { title: 'Value', align: 'right' }], rows)]
}

/** Nothing of whether this run was trained now or taken over: a second one must not change the comment. */
function run(document: Training): Block[] {
  const { run: ran, environment, seeds, key, tracking } = document
  const rows = [
    ['Run', `${ran.id}, started ${ran.startedAt}`],
    ['Command', { code: commandText(ran.command) }],
    ['Parameters', { code: JSON.stringify(ran.params) }],
    ['Seeds', Object.keys(seeds).length === 0 ? 'none known' : { code: JSON.stringify(seeds) }],
    ['Executor', ran.executor],
    ['Duration', durationText(document)],
    ['Exit code', ran.exitCode === null ? 'none' : `${ran.exitCode}`],
    ['Peak memory', ran.peakMemoryBytes === null ? 'unknown' : mebibytes(ran.peakMemoryBytes)],
    ['Interpreter', environment.interpreter ?? 'unknown'],
    ['Machine', machineText(document)],
    ...(environment.gpus ? [['GPUs', gpuText(environment)]] : []),
    ...(environment.image === null ? [] : [['Image', { code: environment.image }]]),
    ...(tracking
      ? [['Tracked by', { link: { text: `${tracking.kind} run ${tracking.runId}`, url: tracking.url } }]]
      : []),
    ['Key', { code: key }],
  ]
  return [table('Run', ['', 'Value'], rows)]
}

/** What it took beside what was expected before it began. */
function durationText({ run: { startedAt, finishedAt }, expected }: Training): string {
  const before = expected?.durationMs ?? null
  const told = before === null ? 'unknown' : seconds(before)
  const from = expected && before !== null ? `, the median of ${expected.trainings}` : ''
  const took = finishedAt === null ? 'not ended' : seconds(Date.parse(finishedAt) - Date.parse(startedAt))
  return `${took} (expected: ${told}${from})`
}

function seconds(ms: number): string {
  return `${(ms / 1000).toLocaleString('en-US', { maximumFractionDigits: 1 })} s`
}

function machineText({ environment: { os, cpu, memoryBytes }, expected }: Training): string {
  const parts = [os, cpu, memoryBytes === null ? null : mebibytes(memoryBytes)].filter((part) => part !== null)
  return parts.length > 0 ? parts.join(', ') : (expected?.machine ?? 'unknown')
}

function gpuText({ gpus, cuda }: Training['environment']): string {
  const each = (gpus ?? []).map(({ name, driver }) => `${name}${driver === null ? '' : ` (driver ${driver})`}`)
  return [...each, ...(cuda === null ? [] : [`CUDA ${cuda}`])].join(', ')
}

function inputs({ data, code: source, environment, dvc }: Training): Block[] {
  const rows = [
    ...data.map(({ path, digest }) => [{ code: path }, { code: digest }]),
    ...(dvc?.locks ?? []).map(({ path, digest, changed }) => [
      `${path}${changed ? ', changed by the training' : ''}`,
      { code: digest },
    ]),
    [
      `code: ${source.paths.join(', ')}${source.dirty === null ? '' : ' (with uncommitted changes)'}`,
      { code: source.digest },
    ],
    ...(environment.lock ? [[{ code: environment.lock.path }, { code: environment.lock.digest }]] : []),
  ]
  const packages = environment.packages
  const freeze = packages
    ? [details(`${packages.length} packages, not locked`, [code('text', packages.join('\n'))])]
    : []
  return [table('Inputs', ['Input', 'Digest'], rows), ...freeze]
}

function artifacts({ artifacts: files }: Training): Block[] {
  if (files.length === 0) return []
  const rows = files.map(({ path, bytes, digest }) => [{ code: path }, `${bytes}`, { code: digest }])
  const columns = ['File', { title: 'Bytes', align: 'right' as const }, 'Digest']
  return [details(counted(files.length, 'file'), [table('Artifacts', columns, rows)])]
}
