import { mkdir, mkdtemp } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Digest, Model } from '@headgate/core'
import { Refusal } from '@headgate/core'
import type { Absence, Baseline, Evidence, Found, GateSettings, Predictions } from '@headgate/gate'
import {
  absenceOf,
  fileBaseline,
  findJudged,
  judgedPlace,
  namedBaseline,
  noBaseline,
  storedPredictions,
  versionBaseline,
} from '@headgate/gate'
import type { Ports } from './ports.ts'
import { bring, digestAt } from './premises.ts'
import type { Opened, Retrial } from './recomputation.ts'

/**
 * The version that the settings compare with; `undefined` where they name a file or nothing, or no version is champion.
 * @throws Refusal when they name a version that is not registered.
 */
export async function findVersion(settings: GateSettings, name: string, ports: Ports): Promise<Model | undefined> {
  const named = namedBaseline(settings)
  if (named === undefined || named.kind === 'file') return undefined
  if (named.kind === 'champion') return ports.registry.resolve(name, { alias: 'champion' })
  const model = await ports.registry.resolve(name, { version: named.version })
  if (model) return model
  throw new Refusal(
    `The verdict cannot be recomputed: \`baseline\` names ${named.version}, which the registry does not have.`,
  )
}

export interface Reading extends Opened {
  readonly evidence: Evidence
  /** Reads predictions of the evidence's rows. */
  readonly read: (path: string) => Promise<Predictions>
}

/**
 * The baseline with its predictions: those that the registry kept of these rows, else those of the first job.
 * @throws Refusal when they are missing, or others than the gate says.
 */
export async function findBaseline(reading: Reading, ports: Ports): Promise<Baseline> {
  const { rulebook, version, retrial } = reading
  const named = namedBaseline(rulebook.settings)
  if (named === undefined) return noBaseline
  if (named.kind === 'file') return fileBaseline(await ofFile(reading, named.path, ports))
  if (version === undefined) return { ...noBaseline, absence: await absence(retrial, ports) }
  const found = (await stored(version, reading, ports)) ?? (isUnpaired(retrial) ? undefined : await handedOver(reading))
  return versionBaseline(version, named.kind, found, rulebook.settings)
}

/** Whether the gate found no predictions either. */
function isUnpaired({ evidence }: Retrial): boolean {
  return evidence.evaluation.document.baseline.digest === null
}

async function ofFile(reading: Reading, file: string, { workspace }: Ports): Promise<Found> {
  const path = resolve(workspace, file)
  const digest = await digestAt(path)
  if (digest === undefined) return handedOver(reading)
  refuseOther(file, digest, reading)
  return { predictions: await reading.read(path), source: file, path }
}

async function absence({ name, registered }: Retrial, { registry, ledger }: Ports): Promise<Absence> {
  const versions = (await registry.versions(name)).map(({ version }) => version)
  const { entries } = await ledger.read(name)
  const wasPromoted = entries.some(({ kind }) => kind === 'promotion')
  return absenceOf(
    versions.filter((version) => version !== registered),
    wasPromoted,
  )
}

async function stored(model: Model, reading: Reading, ports: Ports): Promise<Found | undefined> {
  const { evidence, read } = reading
  const found = await storedPredictions({
    model,
    evidence,
    fetch: (paths, into) => ports.fetchAttachments(model, paths, into),
    makeFolder: async () => {
      await mkdir(ports.temporary, { recursive: true })
      return mkdtemp(join(ports.temporary, 'stored-'))
    },
    read,
    warn: (message) => ports.log.warning(message),
  })
  if (found) refuseOther(found.source, found.predictions.digest, reading)
  return found
}

async function handedOver(reading: Reading): Promise<Found> {
  const path = await findJudged(reading.retrial.workFolder, 'baseline')
  const digest = path === undefined ? undefined : await digestAt(path)
  const place = judgedPlace('baseline')
  if (path === undefined || digest === undefined)
    throw new Refusal(
      `The verdict cannot be recomputed: the baseline’s predictions (${place} in the work folder) are not here. ${bring}`,
    )
  refuseOther(place, digest, reading)
  return { predictions: await reading.read(path), source: place, path }
}

function refuseOther(source: string, digest: Digest, { retrial }: Reading): void {
  const told = retrial.evidence.evaluation.document.baseline.digest
  if (digest === told) return
  throw new Refusal(
    `The baseline’s predictions ${source} are others than the gate judged: ${digest}, not ${told ?? 'any'}.`,
  )
}
