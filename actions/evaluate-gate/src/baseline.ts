import { mkdir, mkdtemp } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import type { Evaluation, Model } from '@headgate/core'
import { messageOf, UserError } from '@headgate/core'
import { readDocument } from '@headgate/files'
import type { Evidence } from './evidence.ts'
import type { Ports, Versions } from './ports.ts'
import { predict } from './prediction.ts'
import type { Predictions } from './predictions.ts'
import type { GateSettings } from './stage.ts'

/** What the candidate is compared with. */
export interface Baseline {
  readonly facts: Evaluation['baseline']
  /** `champion v1.2.0`, for sentences; `null` without one. */
  readonly name: string | null
  readonly predictions: Predictions | undefined
  /** The file of the predictions, as the document names it. */
  readonly source: string | undefined
  /** The line that mends it, where the model is there and its predictions are not. */
  readonly unpaired: string | undefined
  /** Set where a champion is asked for and no model is one. */
  readonly absence: Absence | undefined
}

export interface Absence {
  /** Whether there never was one, so that a first model may be accepted. */
  readonly isFirst: boolean
  readonly reason: string
}

export interface BaselineRequest {
  readonly settings: GateSettings
  readonly evidence: Evidence
  readonly ports: Ports
  /** Reads predictions of the evidence's rows. */
  readonly read: (path: string) => Promise<Predictions>
}

const none: Baseline = {
  facts: { kind: 'none', version: null, digest: null, modelDigest: null, paired: false },
  name: null,
  predictions: undefined,
  source: undefined,
  unpaired: undefined,
  absence: undefined,
}

const version = /^v?(\d+\.\d+\.\d+(?:[-+].+)?)$/

/**
 * Finds what the setting names, and its predictions of the same rows.
 * @throws UserError when it names nothing; OutsideError when the registry cannot be reached: never "no baseline".
 */
export async function findBaseline(request: BaselineRequest): Promise<Baseline> {
  const { settings, ports } = request
  if (settings.baseline === undefined) return none
  const wanted = String(settings.baseline)
  const number = version.exec(wanted)?.[1]
  if (wanted === 'champion') return champion(request, await ports.versions())
  if (number !== undefined) return versionNamed(request, await ports.versions(), number)
  return fromFile(request, wanted)
}

async function fromFile({ settings, ports, read }: BaselineRequest, wanted: string): Promise<Baseline> {
  const path = resolve(ports.workspace, wanted)
  if (basename(path) === 'metrics.json')
    throw new UserError({
      what: 'metrics.json is never a baseline: nobody can recompute it.',
      where: { file: wanted },
      fix: 'Name a file of predictions, `champion` or a version.',
    })
  const predictions = await read(path)
  const facts = { ...none.facts, kind: 'file', digest: predictions.digest, paired: true } as const
  return { ...none, facts, name: 'baseline', predictions, source: settings.baseline?.toString() }
}

async function versionNamed(request: BaselineRequest, versions: Versions, number: string): Promise<Baseline> {
  const model = await versions.find({ version: number })
  if (model) return ofModel(request, versions, model, 'version')
  const known = (await versions.list()).join(', ') || 'none'
  const what = `the registry has no version ${number} of ${request.settings.model}; it has: ${known}.`
  throw new UserError({ what, fix: 'Name one of them, or `champion`, as `baseline`.' })
}

async function champion(request: BaselineRequest, versions: Versions): Promise<Baseline> {
  const model = await versions.find({ alias: 'champion' })
  if (model) return ofModel(request, versions, model, 'champion')
  const [known, wasPromoted] = [await versions.list(), await versions.wasPromoted()]
  const isFirst = known.length === 0 && !wasPromoted
  const newest = known.at(-1)
  const reason = wasPromoted
    ? 'The ledger has a promotion of this model, but the registry has no champion: put the alias back, or name a version as `baseline`.'
    : newest === undefined
      ? 'The registry has no version of this model.'
      : `${newest} is registered, but no version is champion: deploy it, or set \`baseline: ${newest}\`.`
  return { ...none, absence: { isFirst, reason } }
}

async function ofModel(
  request: BaselineRequest,
  versions: Versions,
  model: Model,
  kind: 'champion' | 'version',
): Promise<Baseline> {
  const name = kind === 'champion' ? `champion v${model.version}` : `v${model.version}`
  const facts = { kind, version: model.version, digest: null, modelDigest: model.digest, paired: false } as const
  const found = (await stored(request, versions, model)) ?? (await scored(request, versions, model))
  if (found === undefined) return { ...none, facts, name, unpaired: mendingLine(request) }
  const { predictions, source } = found
  return { ...none, facts: { ...facts, digest: predictions.digest, paired: true }, name, predictions, source }
}

function mendingLine({ settings }: BaselineRequest): string {
  const start = 'Its stored predictions are of other rows: set `evaluate-gate.predict`'
  return settings.testData === undefined ? `${start} and \`test-data\`.` : `${start}.`
}

interface Found {
  readonly predictions: Predictions
  readonly source: string
}

/** The predictions that were kept with the version, if they are of these very rows. */
async function stored(request: BaselineRequest, versions: Versions, model: Model): Promise<Found | undefined> {
  const { evidence, ports, read } = request
  const document = model.attachments.find(({ path }) => basename(path) === 'evaluation.json')
  const kept = model.attachments.find(({ path }) => /^predictions\.(parquet|csv|ndjson)$/.test(basename(path)))
  if (document === undefined || kept === undefined) return undefined
  const folder = await folderFor(ports, 'stored-')
  await versions.fetchAttachments(model, [document.path], folder)
  const evaluation = await readDocument('evaluation', join(folder, document.path, '..'))
  if (evaluation?.testData?.digest !== evidence.digest) return undefined
  await versions.fetchAttachments(model, [kept.path], folder)
  const path = join(folder, kept.path)
  try {
    return { predictions: await read(path), source: `${kept.path} of v${model.version}` }
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    ports.log.warning(`The predictions kept with v${model.version} are of no use here: ${messageOf(error)}`)
    return undefined
  }
}

/** What the version's own files predict now. */
async function scored(request: BaselineRequest, versions: Versions, model: Model): Promise<Found | undefined> {
  const { settings, ports, read } = request
  const { predict: command, testData, label = 'label' } = settings
  if (command === undefined || testData === undefined) return undefined
  const folder = await folderFor(ports, 'version-')
  await versions.fetchModel(model, folder)
  ports.log.info(`Scoring the test rows with v${model.version}.`)
  const path = await predict({ command, model: folder, testData: resolve(ports.workspace, testData), label }, ports)
  return { predictions: await read(path), source: `\`predict\` with v${model.version}` }
}

async function folderFor(ports: Ports, prefix: string): Promise<string> {
  await mkdir(ports.temporary, { recursive: true })
  return mkdtemp(join(ports.temporary, prefix))
}
