import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Document, Reproduction } from '@headgate/core'
import { exitCodes, gitTokenOf, ledgerSettings, strictJson, UserError } from '@headgate/core'
import { writeAtomically } from '@headgate/files'
import { forgeOf } from '@headgate/forges'
import { renderMarkdown, renderTerminal } from '@headgate/reports'
import { type Runner, stampDocument } from '@headgate/runners'
import { reports } from '@headgate/stage-reports'
import { openStoreOf } from '@headgate/stores'
import type { Command } from '../command.ts'
import { jsonText } from '../json.ts'
import { modelFlags, modelSettings, nameFlag } from '../model.ts'
import { checkOut } from '../reproduction/checkout.ts'
import { inputsOf, restoreData } from '../reproduction/data.ts'
import { artifactsOf, differencesOf } from '../reproduction/differences.ts'
import { compareMetrics } from '../reproduction/metrics.ts'
import { fetchOrigin, type Origin } from '../reproduction/origin.ts'
import { defaultTolerance, readTolerance, type Tolerance } from '../reproduction/tolerance.ts'
import { checkoutRunner, trainAgain } from '../reproduction/training.ts'
import { judge } from '../reproduction/verdict.ts'
import { resolveVersion } from './resolve.ts'
import { runnerWith, terminalOf } from './stage.ts'

export const command: Command = {
  promise: 'Trains a version again, and says what came out differently.',
  arguments: 'VERSION',
  flags: [
    ...modelFlags,
    nameFlag,
    {
      name: 'tolerance',
      type: 'string',
      description: `How far a metric may lie from what it was: absolute, a share of it, or both. Default: ${defaultTolerance}.`,
    },
    {
      name: 'data',
      type: 'string',
      several: true,
      description: 'A file or folder in which data that was moved away is found again, by its content.',
    },
    { name: 'log-level', type: 'string', description: 'How much is told on the way.' },
  ],
  positionals: 1,
  run: async ({ values, positionals, stdout }) => {
    const tolerance = readTolerance(values.get('tolerance') ?? defaultTolerance)
    const runner = await runnerWith(values)
    const started = runner.now()
    const request = { values: withVersion(values, positionals[0]), runner, tolerance }
    const found = await inTemporaryFolder((folder) => reproduce({ ...request, folder })).catch((error: unknown) => {
      // What was cut off fails by itself, too.
      throw runner.signal.aborted ? runner.signal.reason : error
    })
    if ('exitCode' in found) return found.exitCode
    const { origin, body } = found
    const { record, training } = origin
    const inputs = training.inputs
    const header = { ...judge(record.name, body), inputs, model: training.model, commit: training.code.commit }
    const document = stampDocument('reproduction', { ...header, ...body }, runner, started)
    stdout.write(printed(document, values.get('format') ?? 'text', stdout))
    const copy = values.get('output')
    if (copy !== undefined) await writeAtomically(resolve(runner.workspace, copy), strictJson(document))
    return document.verdict === 'pass' ? exitCodes.accepted : exitCodes.refused
  },
}

/** `1.2.0`, `v1.2.0`, a tag such as `flights@v1.2.0`, or an alias. */
function withVersion(values: ReadonlyMap<string, string>, given: string | undefined): ReadonlyMap<string, string> {
  if (given === undefined)
    throw new UserError({
      what: 'which version?',
      fix: 'Say `headgate reproduce 1.2.0`, or an alias such as champion.',
    })
  const [, name, number] = /^(?:(.+)@)?v?(\d+\.\d+\.\d+\S*)$/.exec(given) ?? []
  const named = name === undefined ? [] : [['name', name] as const]
  const version = number === undefined ? (['alias', given] as const) : (['model-version', number] as const)
  return new Map([...values, ...named, version])
}

/** Also when it is interrupted: until then the signal is only told. */
async function inTemporaryFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'headgate-reproduce-'))
  try {
    return await work(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

interface Request {
  readonly values: ReadonlyMap<string, string>
  readonly runner: Runner
  readonly tolerance: Tolerance
  /** Absolute path of an empty folder. */
  readonly folder: string
}

type Result = { readonly origin: Origin; readonly body: Reproduction } | { readonly exitCode: number }

async function reproduce({ values, runner, tolerance, folder }: Request): Promise<Result> {
  const { signal, log, workspace, context } = runner
  const { record } = await resolveVersion(values)
  const store = await openStoreOf(record, { workspace, forge: await forgeOf(context.forge), ephemeral: false })
  const origin = await fetchOrigin(record, store, join(folder, 'kept'))
  signal.throwIfAborted()
  const { commit } = origin.training.code
  const { remote } = ledgerSettings.parse((await modelSettings(values)).settings.get('ledger') ?? {})
  log.info(`Checks out ${commit} of ${record.name} ${record.version}.`)
  const place = { workspace, remote, token: gitTokenOf(context), commit, folder: join(folder, 'checkout') }
  const checkout = await checkOut(place)
  try {
    const given = values.get('data')?.split('\n') ?? []
    const places = { workspace, checkout: checkout.workspace, given, signal }
    const data = await restoreData(inputsOf(origin), places)
    const before = bodyBefore(origin, tolerance, data)
    if (before.data.some(({ restoredFrom }) => restoredFrom === null)) return { origin, body: before }
    signal.throwIfAborted()
    return await repeat({ origin, before, runner, checkout: checkout.workspace, folder, config: values.get('config') })
  } finally {
    await checkout.remove()
  }
}

interface Course {
  readonly origin: Origin
  readonly before: Reproduction
  readonly runner: Runner
  readonly checkout: string
  readonly folder: string
  readonly config: string | undefined
}

async function repeat({ origin, before, runner, checkout, folder, config }: Course): Promise<Result> {
  const temporary = join(folder, 'temporary')
  await mkdir(temporary)
  const repetition = { origin, runner, checkout, temporary, config }
  const inner = await checkoutRunner(repetition)
  const { exitCode, document, path } = await trainAgain(repetition, inner)
  const again = document as Document<'training'> | undefined
  if (again === undefined || path === undefined || exitCode !== exitCodes.accepted) {
    const differences = again ? differencesOf(origin.training, again) : []
    for (const { what, was, is } of differences)
      runner.log.notice(`Not as it was: ${what} (${was ?? 'none'} then, ${is ?? 'none'} now).`)
    return { exitCode }
  }
  const { tolerance } = before
  const compared = await compareMetrics({ origin, again, output: join(path, '../output'), tolerance, runner: inner })
  const body: Reproduction = {
    ...before,
    ...compared,
    run: { id: again.run.id, key: again.key, durationMs: durationOf(again) },
    data: before.data.map((one) => readAgain(one, again)),
    differences: differencesOf(origin.training, again),
    artifacts: artifactsOf(origin.training, again),
  }
  return { origin, body }
}

function bodyBefore({ record, training }: Origin, tolerance: Tolerance, data: Reproduction['data']): Reproduction {
  return {
    version: record.version,
    original: {
      commit: training.code.commit,
      runId: training.run.id,
      key: training.key,
      startedAt: training.run.startedAt,
      durationMs: durationOf(training),
    },
    run: null,
    tolerance,
    data,
    differences: [],
    basis: 'none',
    basisReason: 'nothing was trained.',
    metrics: [],
    predictions: null,
    artifacts: [],
  }
}

function durationOf({ run: { startedAt, finishedAt } }: Document<'training'>): number | null {
  return finishedAt === null ? null : Date.parse(finishedAt) - Date.parse(startedAt)
}

/** What the training read itself, it says only afterwards. */
function readAgain(one: Reproduction['data'][number], { data, inputs }: Document<'training'>): typeof one {
  if (one.restoredFrom !== 'training') return one
  const is = [...data, ...inputs].find(({ path }) => path === one.path)?.digest ?? null
  return { ...one, is, restoredFrom: is === one.was ? 'training' : null }
}

function printed(document: Document<'reproduction'>, format: string, stream: NodeJS.WritableStream): string {
  if (format === 'json') return jsonText(document)
  const report = reports.reproduction(document)
  if (format === 'markdown') return `${renderMarkdown([report], { title: document.model, footer: '' }).text}\n`
  return `${renderTerminal(report, terminalOf(stream))}\n`
}
