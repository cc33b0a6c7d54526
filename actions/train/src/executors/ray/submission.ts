import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { OutsideError } from '@headgate/core'

import {
  bringPackage,
  deleteRayJob,
  isGhost,
  listRayJobs,
  packageName,
  packageUri,
  type Ray,
  type RayJob,
  type RayJobRequest,
  submitRayJob,
  writeArchive,
} from '@headgate/systems/ray'
import type { Executor, Spec } from '../port.ts'
import { driverPath, firstLine, ordersFile } from './driver.ts'
import { isErrand } from './ending.ts'
import { entrypointOf } from './entrypoint.ts'
import { labelOf, labelsOf } from './labels.ts'
import { type Placement, placeTraining } from './placement.ts'
import { installing } from './requirements.ts'
import type { RaySettings } from './settings.ts'
import { readResult } from './status.ts'

/** What a job is submitted with, besides the training. */
export interface Surroundings {
  readonly ray: Ray
  readonly settings: RaySettings
  /** A folder that goes with our own job. */
  readonly temporary: string
  /** Says what takes long. */
  readonly tell: (message: string) => void
}

const tries = 5

/**
 * The first job of a training has its name as its id, and one that replaces it the name with a number: no id is used
 * again while Ray may still watch the job that had it. Ray gives an id to one only: of two that submit at once, one does.
 */
export async function submitJob(given: Surroundings, spec: Spec): ReturnType<Executor['submit']> {
  const { ray } = given
  let request: RayJobRequest | undefined
  for (let attempt = 0; attempt < tries; attempt += 1) {
    const jobs = await listRayJobs(ray)
    const latest = latestOf(jobs, spec.name)
    if (latest && (await isOfUse(ray, latest.job))) {
      const runId = labelOf(latest.job, 'run-id')
      return { job: { id: latest.id, runId }, runId, isNew: runId === spec.runId }
    }
    const id = latest ? `${spec.name}-${latest.number + 1}` : spec.name
    request ??= await prepare(given, spec)
    if (!(await submitRayJob(ray, { ...request, submission_id: id }))) continue
    await forgetOld(ray, jobs, spec.name)
    return { job: { id, runId: spec.runId }, runId: spec.runId, isNew: true }
  }
  throw new OutsideError({
    tried: `The job ${spec.name} was submitted ${tries} times.`,
    state: 'Each time somebody else had taken its id, and their training had failed.',
    next: 'Wait for the other jobs that train this model, and run it again.',
  })
}

interface Numbered {
  readonly job: RayJob
  readonly id: string
  readonly number: number
}

/** The last job of a training, by its number. */
function latestOf(jobs: readonly RayJob[], name: string): Numbered | undefined {
  return jobs
    .map((job) => ({ job, id: job.submission_id ?? '', number: numberOf(job, name) }))
    .filter((job): job is Numbered => job.number !== undefined)
    .sort((a, b) => b.number - a.number)[0]
}

function numberOf({ submission_id: id }: RayJob, name: string): number | undefined {
  if (id === name) return 1
  const digits = id?.startsWith(`${name}-`) ? id.slice(name.length + 1) : ''
  return /^\d+$/.test(digits) ? Number(digits) : undefined
}

const oldMs = 10 * 60_000

/** What Ray still knows of earlier attempts at a training, and of jobs of ours that only cleaned up. */
async function forgetOld(ray: Ray, jobs: readonly RayJob[], name: string): Promise<void> {
  const isOurs = (job: RayJob): boolean =>
    numberOf(job, name) !== undefined ||
    ((isGhost(job) || isErrand(job)) && job.submission_id?.startsWith('headgate-') === true)
  const isOld = ({ end_time: ended }: RayJob): boolean => Boolean(ended) && Date.now() - (ended ?? 0) > oldMs
  for (const job of jobs.filter((one) => isOurs(one) && isOld(one)))
    await deleteRayJob(ray, job.submission_id ?? '').catch(() => undefined)
}

/** Whether a job waits, runs, or has left what can be collected. */
async function isOfUse(ray: Ray, job: RayJob): Promise<boolean> {
  if (job.status === 'PENDING' || job.status === 'RUNNING') return true
  if (job.status !== 'SUCCEEDED') return false
  // Its node may be gone, and its output with it.
  return (await readResult(ray, job, labelOf(job, 'run-id')).catch(() => undefined)) !== undefined
}

async function prepare(given: Surroundings, spec: Spec): Promise<RayJobRequest> {
  const { settings } = given
  const placement = await placeTraining(spec)
  const packages = await installing(spec, settings)
  const folder = await mkdtemp(join(given.temporary, 'ray-'))
  try {
    const workTree = await upload(given, join(folder, 'work.zip'), placement.entries)
    const orders = { path: ordersFile, from: { text: JSON.stringify(ordersOf(spec, placement, settings)) } }
    const own = await upload(given, join(folder, 'orders.zip'), [orders])
    return requestOf(spec, settings, { ...settings.runtimeEnv, ...packages, working_dir: workTree, py_modules: [own] })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

const toldBytes = 5_000_000

async function upload({ ray, tell }: Surroundings, file: string, entries: Placement['entries']): Promise<string> {
  const { digest, bytes } = await writeArchive(file, entries)
  const name = packageName(digest)
  const isSent = await bringPackage(ray, name, { file, bytes })
  if (isSent && bytes > toldBytes) tell(`${Math.round(bytes / 1e6)} MB of code and data were uploaded to Ray.`)
  return packageUri(name)
}

/** What the driver is told, in a package of its own: nobody is shown what a package holds. */
function ordersOf(spec: Spec, { data }: Placement, { secrets }: RaySettings) {
  const hidden = Object.fromEntries(Object.entries(spec.variables).filter(([name]) => spec.secretNames.includes(name)))
  return {
    runId: spec.runId,
    firstLine: firstLine(spec.runId),
    data,
    params: JSON.stringify(spec.params),
    variables: hidden,
    workerVariables: secrets === 'workers' ? hidden : {},
    memoryBytes: spec.memoryBytes ?? null,
    timeoutSeconds: spec.timeoutMs === undefined ? null : spec.timeoutMs / 1000,
  }
}

function requestOf(spec: Spec, { resources }: RaySettings, environment: Record<string, unknown>): RayJobRequest {
  const shown = Object.entries(spec.variables).filter(([name]) => !spec.secretNames.includes(name))
  const { cpus, gpus, memory, custom } = resources
  return {
    submission_id: spec.name,
    entrypoint: entrypointOf(['python3', '-I', driverPath, ...spec.argv]),
    metadata: labelsOf(spec),
    runtime_env: { ...environment, env_vars: Object.fromEntries(shown) },
    ...(cpus === undefined ? {} : { entrypoint_num_cpus: cpus }),
    ...(gpus === undefined ? {} : { entrypoint_num_gpus: gpus }),
    ...(memory === undefined ? {} : { entrypoint_memory: memory }),
    ...(Object.keys(custom).length === 0 ? {} : { entrypoint_resources: custom }),
  }
}
