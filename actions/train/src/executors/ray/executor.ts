import { randomBytes } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { OutsideError, UserError } from '@headgate/core'
import {
  deleteJob,
  findJob,
  hasEnded,
  listJobs,
  type Ray,
  type RayJob,
  readFile,
  stopJob,
  submitJob,
} from '@headgate/systems/ray'
import type { Executor, Job } from '../port.ts'
import { followJob } from './follow.ts'
import { listedJob, modelOf, runIdOf } from './labels.ts'
import { resultNames } from './program.ts'
import { type Result, readResult, unpack } from './result.ts'
import type { RaySettings } from './settings.ts'
import { lost, statusOf } from './status.ts'
import { submitTraining } from './submission.ts'

export interface RayOptions {
  readonly ray: Ray
  readonly settings: RaySettings
  /** Absolute path of a folder that goes with the job. */
  readonly temporary: string
}

/** Runs the command as a job of a Ray cluster, by the HTTP interface of its head. */
export async function rayExecutor({ ray, settings, temporary }: RayOptions): Promise<Executor> {
  await mkdir(temporary, { recursive: true })
  return {
    name: 'ray',
    isLasting: true,
    reads: 'urls',
    submit: (spec) => submitTraining({ ray, settings, temporary }, spec),
    status: async (job) => {
      const found = await findJob(ray, idOf(job))
      if (found === undefined || runIdOf(found) !== job.runId) return lost
      return statusOf(found, hasEnded(found) ? await resultOf(ray, found) : undefined)
    },
    follow: (job, seen, onLine, signal) => followJob(ray, idOf(job), { seen, onLine, signal }),
    cancel: (job) => cancel(ray, idOf(job)),
    collect: (job, into) => collect(ray, idOf(job), into),
    release: (job) => release(ray, idOf(job)),
    list: async (model) => (await listJobs(ray)).filter((job) => modelOf(job) === model).map(listedJob),
  }
}

function idOf(job: Job): string {
  return String(job.id)
}

function namesOf(job: RayJob): ReturnType<typeof resultNames> {
  return resultNames(job.submission_id ?? '', runIdOf(job))
}

async function resultOf(ray: Ray, job: RayJob): Promise<Result | undefined> {
  return job.driver_node_id == null ? undefined : readResult(ray, job.driver_node_id, namesOf(job).told)
}

const cancelledWithinMs = 30_000

/** Ray gives a command three seconds, and then kills it. */
async function cancel(ray: Ray, id: string): Promise<void> {
  const deadline = Date.now() + cancelledWithinMs
  for (let isAsked = false; Date.now() < deadline; await sleep(200)) {
    const job = await findJob(ray, id)
    if (job === undefined || hasEnded(job)) return
    // A job that only waits cannot be stopped yet, and is asked again.
    if (!isAsked || job.status === 'PENDING') await stopJob(ray, id)
    isAsked = job.status === 'RUNNING'
  }
  throw new OutsideError({
    tried: `Ray was asked to stop the job ${id}.`,
    state: 'It still runs.',
    next: `Stop it by hand: ray job stop ${id}.`,
  })
}

async function collect(ray: Ray, id: string, into: string): Promise<void> {
  await mkdir(into, { recursive: true })
  const job = await findJob(ray, id)
  const result = job && (await resultOf(ray, job))
  const place = job?.driver_node_id == null ? undefined : { nodeId: job.driver_node_id, name: namesOf(job).content }
  // An empty file is none to Ray.
  if (result?.files.every(({ bytes }) => bytes === 0)) return unpack(nothing(), result.files, into)
  const content = result && place ? await readFile(ray, place) : undefined
  if (result && content) return unpack(content, result.files, into)
  // It would be attached to for ever.
  if (job) await deleteJob(ray, id)
  throw new UserError({
    what: `the output of the job ${id} is gone with the node of the cluster that ran it.`,
    fix: 'Run it again: it is trained anew.',
  })
}

async function* nothing(): AsyncGenerator<Buffer> {}

/** Removes the files in the node's log folder by a small job there, since Ray removes none, and forgets both jobs. */
async function release(ray: Ray, id: string): Promise<void> {
  const job = await findJob(ray, id)
  if (job === undefined || !hasEnded(job)) return
  const result = await resultOf(ray, job)
  if (result) await clean(ray, job, result)
  else await sleep(settledMs)
  await deleteJob(ray, id)
}

const cleanedWithinMs = 30_000
const settledMs = 2000

async function clean(ray: Ray, job: RayJob, { folder }: Result): Promise<void> {
  const { told, content } = namesOf(job)
  const id = `${job.submission_id}-clean-${randomBytes(4).toString('hex')}`
  const files = [told, content].map((name) => `'${`${folder}/${name}`.replaceAll("'", `'\\''`)}'`)
  await submitJob(ray, {
    submission_id: id,
    entrypoint: `rm -f ${files.join(' ')}`,
    entrypoint_label_selector: { 'ray.io/node-id': job.driver_node_id ?? '' },
  })
  const deadline = Date.now() + cleanedWithinMs
  for (; Date.now() < deadline; await sleep(200)) {
    const cleaning = await findJob(ray, id)
    if (cleaning !== undefined && !hasEnded(cleaning)) continue
    // Ray looks at a job once a second, and writes one that was deleted in between down again, as failed.
    await sleep(settledMs)
    return deleteJob(ray, id)
  }
  // The cluster is full: it is cleaned when there is room.
}
