import { mkdir, mkdtemp } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import type { Model } from '@headgate/core'
import { registeredName, UserError } from '@headgate/core'
import type { Baseline, Evidence, Found, GateSettings, Predictions } from '@headgate/gate'
import { absenceOf, fileBaseline, namedBaseline, noBaseline, storedPredictions, versionBaseline } from '@headgate/gate'
import type { Ports, Versions } from './ports.ts'
import { predict } from './prediction.ts'

export interface BaselineRequest {
  readonly settings: GateSettings
  readonly evidence: Evidence
  readonly ports: Ports
  /** Reads predictions of the evidence's rows. */
  readonly read: (path: string) => Promise<Predictions>
}

/**
 * Finds what the setting names, and its predictions of the same rows.
 * @throws UserError when it names nothing; OutsideError when the registry cannot be reached: never "no baseline".
 */
export async function findBaseline(request: BaselineRequest): Promise<Baseline> {
  const { settings, ports } = request
  const named = namedBaseline(settings)
  if (named === undefined) return noBaseline
  if (named.kind === 'champion') return champion(request, await ports.versions(settings))
  if (named.kind === 'version') return versionNamed(request, await ports.versions(settings), named.version)
  return fromFile(request, named.path)
}

async function fromFile({ ports, read }: BaselineRequest, wanted: string): Promise<Baseline> {
  const path = resolve(ports.workspace, wanted)
  if (basename(path) === 'metrics.json')
    throw new UserError({
      what: 'metrics.json is never a baseline: nobody can recompute it.',
      where: { file: wanted },
      fix: 'Name a file of predictions, `champion` or a version.',
    })
  return fileBaseline({ predictions: await read(path), source: wanted, path })
}

async function versionNamed(request: BaselineRequest, versions: Versions, number: string): Promise<Baseline> {
  const model = await versions.find({ version: number })
  if (model) return ofModel(request, versions, model, 'version')
  const known = (await versions.list()).join(', ') || 'none'
  const what = `the registry has no version ${number} of ${registeredName(request.settings)}; it has: ${known}.`
  throw new UserError({ what, fix: 'Name one of them, or `champion`, as `baseline`.' })
}

async function champion(request: BaselineRequest, versions: Versions): Promise<Baseline> {
  const model = await versions.find({ alias: 'champion' })
  if (model) return ofModel(request, versions, model, 'champion')
  return { ...noBaseline, absence: absenceOf(await versions.list(), await versions.wasPromoted()) }
}

async function ofModel(
  request: BaselineRequest,
  versions: Versions,
  model: Model,
  kind: 'champion' | 'version',
): Promise<Baseline> {
  const found = (await stored(request, versions, model)) ?? (await scored(request, versions, model))
  return versionBaseline(model, kind, found, request.settings)
}

/** The predictions that were kept with the version, if they are of these very rows. */
function stored({ evidence, ports, read }: BaselineRequest, versions: Versions, model: Model) {
  return storedPredictions({
    model,
    evidence,
    fetch: (paths, into) => versions.fetchAttachments(model, paths, into),
    makeFolder: () => folderFor(ports, 'stored-'),
    read,
    warn: (message) => ports.log.warning(message),
  })
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
  return { predictions: await read(path), source: `\`predict\` with v${model.version}`, path }
}

async function folderFor(ports: Ports, prefix: string): Promise<string> {
  await mkdir(ports.temporary, { recursive: true })
  return mkdtemp(join(ports.temporary, prefix))
}
