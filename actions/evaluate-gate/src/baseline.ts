import { mkdir, mkdtemp, writeFile } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import type { Model } from '@headgate/core'
import { registeredName, UserError } from '@headgate/core'
import { digestFile } from '@headgate/files'
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

/** A baseline, and why with it `pass` is out of reach: what of it the pull request itself decided. */
export interface HeldBaseline {
  readonly baseline: Baseline
  readonly caveats: readonly string[]
}

/**
 * Finds what the setting names, and its predictions of the same rows.
 * @throws UserError when it names nothing; OutsideError when the registry cannot be reached: never "no baseline".
 */
export async function findBaseline(request: BaselineRequest): Promise<HeldBaseline> {
  const { settings, ports } = request
  const named = namedBaseline(settings)
  if (named === undefined) return held(noBaseline)
  if (named.kind === 'champion') return champion(request, await ports.versions(settings))
  if (named.kind === 'version') return versionNamed(request, await ports.versions(settings), named.version)
  return fromFile(request, named.path)
}

function held(baseline: Baseline, ...caveats: readonly string[]): HeldBaseline {
  return { baseline, caveats }
}

/** A file of predictions. On a pull request its content is the base branch's, wherever that has it. */
async function fromFile(request: BaselineRequest, wanted: string): Promise<HeldBaseline> {
  if (basename(wanted) === 'metrics.json')
    throw new UserError({
      what: 'metrics.json is never a baseline: nobody can recompute it.',
      where: { file: wanted },
      fix: 'Name a file of predictions, `champion` or a version.',
    })
  const { ports, read } = request
  const own = resolve(ports.workspace, wanted)
  const { path, caveats } = await placeOfFile(wanted, own, ports)
  return held(fileBaseline({ predictions: await read(path), source: wanted, path }), ...caveats)
}

async function placeOfFile(wanted: string, own: string, ports: Ports): Promise<{ path: string; caveats: string[] }> {
  const { base } = ports
  const before = await base?.digest(wanted)
  if (base === undefined) return { path: own, caveats: [] }
  if (before === undefined)
    return { path: own, caveats: [`${wanted} is the pull request’s own: ${base.ref} does not have it.`] }
  if ((await digestFile(own).catch(() => undefined))?.digest === before) return { path: own, caveats: [] }
  const content = await base.bytes(wanted)
  if (content === undefined)
    return { path: own, caveats: [`${wanted} is the pull request’s own: ${base.ref} has another, which is not here.`] }
  const path = join(await folderFor(ports, 'base-'), basename(wanted))
  await writeFile(path, content)
  return { path, caveats: [] }
}

async function versionNamed(request: BaselineRequest, versions: Versions, number: string): Promise<HeldBaseline> {
  const model = await versions.find({ version: number })
  if (model) return ofModel(request, versions, model, 'version')
  const known = (await versions.list()).join(', ') || 'none'
  const what = `the registry has no version ${number} of ${registeredName(request.settings)}; it has: ${known}.`
  throw new UserError({ what, fix: 'Name one of them, or `champion`, as `baseline`.' })
}

async function champion(request: BaselineRequest, versions: Versions): Promise<HeldBaseline> {
  const model = await versions.find({ alias: 'champion' })
  if (model) return ofModel(request, versions, model, 'champion')
  return held({ ...noBaseline, absence: absenceOf(await versions.list(), await versions.wasPromoted()) })
}

async function ofModel(
  request: BaselineRequest,
  versions: Versions,
  model: Model,
  kind: 'champion' | 'version',
): Promise<HeldBaseline> {
  const { settings, ports } = request
  const kept = await stored(request, versions, model)
  if (kept) return held(versionBaseline(model, kind, kept, settings))
  const found = await scored(request, versions, model)
  const caveat = `v${model.version} was scored by the pull request’s own code: its kept predictions are of other rows.`
  return held(versionBaseline(model, kind, found, settings), ...(found && ports.base ? [caveat] : []))
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
