import { constants } from 'node:fs'
import { cp, mkdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Header, Settings, Training } from '@headgate/core'
import { headerSchema, isTrusted, mayWrite, trainingSchema } from '@headgate/core'
import { readDocument, writeAtomically } from '@headgate/files'
import { z } from 'zod'
import { changes, partsOf } from './key.ts'
import { holds, swapOutput } from './output.ts'
import type { Plan } from './plan.ts'
import type { Ports } from './ports.ts'
import type { stage } from './stage.ts'
import { trustOf } from './trust.ts'

/** An earlier training, as far as reusing it is concerned. */
const keptSchema = z.object({ inputs: headerSchema.shape.inputs, event: z.string(), training: trainingSchema })
type Kept = z.output<typeof keptSchema>

/** Why something is trained for the first time, as far as this machine knows. */
export const noEarlier = 'there is no earlier training here.'

export type Earlier =
  | { readonly training: Training; readonly reason: string }
  | { readonly training: undefined; readonly reason: string }

/**
 * Looks for a training with the same key whose artifacts are still what they were: in the work folder, then in the
 * CI's cache. Without one, `reason` says which input changed.
 */
export async function findEarlier(settings: Settings<typeof stage>, plan: Plan, ports: Ports): Promise<Earlier> {
  const local = await readLocal(settings.workFolder)
  const obstacle =
    local && (foreign(local, ports) ?? (await obstacleOf(local, plan, join(settings.workFolder, 'output'), ports)))
  if (local && obstacle === undefined) return reuse(local, 'the work folder')
  const kept = await restore(settings, plan, ports)
  if (kept) return reuse(kept, 'the cache')
  return { training: undefined, reason: obstacle ?? noEarlier }
}

function reuse({ training }: Kept, where: string): Earlier {
  const when = training.run.startedAt
  return { training, reason: `nothing changed since run ${training.run.id} of ${when}, found in ${where}.` }
}

async function obstacleOf(kept: Kept, plan: Plan, output: string, ports: Ports): Promise<string | undefined> {
  const { training } = kept
  if (training.error) return 'the earlier training failed.'
  if (training.modelArtifact === null) return 'the earlier run did not train.'
  const changed = changes(partsOf(training, kept.inputs), plan.parts)
  if (changed.length > 0) return `changed since run ${training.run.id}: ${changed.join(', ')}.`
  if (training.key !== plan.key) return 'the earlier training has another key.'
  if (mayWrite(ports.context) && !isTrusted(kept.event))
    return 'the earlier training was a pull request’s, or another branch’s.'
  if (!(await holds(output, training.artifacts))) return 'the output is no longer what the earlier training left.'
  return undefined
}

/** In a CI a work folder is worth what this very run made of it, or handed over: whatever else, anybody may have left. */
function foreign({ ciRun: made }: Local, { context, ciRun }: Ports): string | undefined {
  if (context.runner === 'local' || (ciRun !== null && made === ciRun)) return undefined
  return 'the training in the work folder is not of this run.'
}

type Local = Kept & { readonly ciRun: string | undefined }

async function readLocal(workFolder: string): Promise<Local | undefined> {
  const document = await readDocument('training', workFolder).catch(() => undefined)
  if (document === undefined) return undefined
  const { inputs, runner } = document
  return { inputs, event: runner.event, ciRun: runner.runId, training: document }
}

function cacheOf(settings: Settings<typeof stage>, plan: Plan, ports: Ports): { key: string; folder: string } {
  const key = `headgate-train-${settings.model.replaceAll('/', '-')}-${trustOf(ports.context)}-${plan.key.slice('sha256:'.length)}`
  return { key, folder: join(settings.workFolder, 'kept') }
}

async function restore(settings: Settings<typeof stage>, plan: Plan, ports: Ports): Promise<Kept | undefined> {
  if (ports.cache === undefined) return undefined
  const { key, folder } = cacheOf(settings, plan, ports)
  await rm(folder, { recursive: true, force: true })
  try {
    if (!(await ports.cache.restore(key, [folder]))) return undefined
    const text = await readFile(join(folder, 'training.json'), 'utf8')
    const kept = keptSchema.parse(JSON.parse(text))
    const obstacle = await obstacleOf(kept, plan, join(folder, 'output'), ports)
    if (obstacle === undefined) await swapOutput(settings.workFolder, join(folder, 'output'), kept.training.run.id)
    else ports.log.warning(`The cache was not used: ${obstacle}`)
    return obstacle === undefined ? kept : undefined
  } catch (error) {
    ports.log.warning(`The cache was not used: ${(error as Error).message}`)
    return undefined
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Puts a training into the CI's cache. That it cannot is told, and no error. */
export async function keep(
  settings: Settings<typeof stage>,
  plan: Plan,
  ports: Ports,
  training: Training,
  inputs: Header['inputs'],
): Promise<void> {
  if (ports.cache === undefined) return
  const { key, folder } = cacheOf(settings, plan, ports)
  try {
    await mkdir(folder, { recursive: true })
    const output = join(settings.workFolder, 'output')
    await cp(output, join(folder, 'output'), { recursive: true, mode: constants.COPYFILE_FICLONE })
    const kept: Kept = { inputs, event: ports.context.event, training }
    await writeAtomically(join(folder, 'training.json'), JSON.stringify(kept))
    await ports.cache.save(key, [folder])
  } catch (error) {
    ports.log.warning(`The training was not kept in the cache: ${(error as Error).message}`)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
