import { basename, join } from 'node:path'
import type { Evaluation, Model } from '@headgate/core'
import { messageOf, UserError } from '@headgate/core'
import { readDocument } from '@headgate/files'
import type { Evidence } from './evidence.ts'
import type { Predictions } from './predictions.ts'
import type { GateSettings } from './settings.ts'

/** What the candidate is compared with. */
export interface Baseline {
  readonly facts: Evaluation['baseline']
  /** `champion v1.2.0`, for sentences; `null` without one. */
  readonly name: string | null
  readonly predictions: Predictions | undefined
  /** The file of the predictions, as the document names it. */
  readonly source: string | undefined
  /** Absolute path of that file. */
  readonly path: string | undefined
  /** The line that mends it, where the model is there and its predictions are not. */
  readonly unpaired: string | undefined
  /** Set where a champion is asked for and no model is one. */
  readonly absence: Absence | undefined
}

export const noBaseline: Baseline = {
  facts: { kind: 'none', version: null, digest: null, modelDigest: null, paired: false },
  name: null,
  predictions: undefined,
  source: undefined,
  path: undefined,
  unpaired: undefined,
  absence: undefined,
}

/** Predictions of the evidence's rows, and where they are from. */
export interface Found {
  readonly predictions: Predictions
  readonly source: string
  readonly path: string
}

/** A baseline out of a file of predictions. */
export function fileBaseline({ predictions, source, path }: Found): Baseline {
  const facts = { ...noBaseline.facts, kind: 'file', digest: predictions.digest, paired: true } as const
  return { ...noBaseline, facts, name: 'baseline', predictions, source, path }
}

/** A registered version as baseline; unpaired where its predictions of these rows were not found. */
export function versionBaseline(
  { version, digest: modelDigest }: Pick<Model, 'version' | 'digest'>,
  kind: 'champion' | 'version',
  found: Found | undefined,
  settings: GateSettings,
): Baseline {
  const name = kind === 'champion' ? `champion v${version}` : `v${version}`
  const facts = { kind, version, digest: null, modelDigest, paired: false }
  if (found === undefined) return { ...noBaseline, facts, name, unpaired: mendingLine(settings) }
  const { predictions } = found
  return { ...noBaseline, ...found, facts: { ...facts, digest: predictions.digest, paired: true }, name }
}

function mendingLine({ testData }: GateSettings): string {
  const start = 'Its stored predictions are of other rows: set `evaluate-gate.predict`'
  return testData === undefined ? `${start} and \`test-data\`.` : `${start}.`
}

/** Why there is no champion. */
export interface Absence {
  /** Whether there never was one, so that a first model may be accepted. */
  readonly isFirst: boolean
  readonly reason: string
}

/**
 * Why no version is champion.
 * @param versions those of the registry, oldest first.
 * @param wasPromoted whether the ledger has a promotion of the model.
 */
export function absenceOf(versions: readonly string[], wasPromoted: boolean): Absence {
  const newest = versions.at(-1)
  const reason = wasPromoted
    ? 'The ledger has a promotion of this model, but the registry has no champion: put the alias back, or name a version as `baseline`.'
    : newest === undefined
      ? 'The registry has no version of this model.'
      : `${newest} is registered, but no version is champion: deploy it, or set \`baseline: ${newest}\`.`
  return { isFirst: newest === undefined && !wasPromoted, reason }
}

/** Whether a first model may be accepted: only while there never was another. */
export function acceptsFirst({ bootstrap = false }: GateSettings, { absence }: Baseline): boolean {
  return bootstrap && absence?.isFirst === true
}

const version = /^v?(\d+\.\d+\.\d+(?:[-+].+)?)$/

/** What the setting `baseline` names; `undefined` when it is not set. */
export type NamedBaseline =
  | { readonly kind: 'champion' }
  | { readonly kind: 'version'; readonly version: string }
  | { readonly kind: 'file'; readonly path: string }

export function namedBaseline({ baseline }: GateSettings): NamedBaseline | undefined {
  if (baseline === undefined) return undefined
  const wanted = String(baseline)
  const number = version.exec(wanted)?.[1]
  if (wanted === 'champion') return { kind: 'champion' }
  return number === undefined ? { kind: 'file', path: wanted } : { kind: 'version', version: number }
}

export interface StoredRequest {
  readonly model: Model
  readonly evidence: Evidence
  /** Brings some of what is kept beside the version, verified by their digests. */
  readonly fetch: (paths: readonly string[], into: string) => Promise<void>
  /** Makes an empty folder that goes away with the job. */
  readonly makeFolder: () => Promise<string>
  /** Reads predictions of the evidence's rows. */
  readonly read: (path: string) => Promise<Predictions>
  readonly warn: (message: string) => void
}

/** The predictions that were kept with a version, if they are of these very rows. */
export async function storedPredictions(request: StoredRequest): Promise<Found | undefined> {
  const { model, evidence, fetch, read } = request
  const document = model.attachments.find(({ path }) => basename(path) === 'evaluation.json')
  const kept = model.attachments.find(({ path }) => /^predictions\.(parquet|csv|ndjson)$/.test(basename(path)))
  if (document === undefined || kept === undefined) return undefined
  const folder = await request.makeFolder()
  await fetch([document.path], folder)
  const evaluation = await readDocument('evaluation', join(folder, document.path, '..'))
  if (evaluation?.testData?.digest !== evidence.digest) return undefined
  await fetch([kept.path], folder)
  const path = join(folder, kept.path)
  try {
    return { predictions: await read(path), source: `${kept.path} of v${model.version}`, path }
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    request.warn(`The predictions kept with v${model.version} are of no use here: ${messageOf(error)}`)
    return undefined
  }
}
