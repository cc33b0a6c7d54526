import { z } from 'zod'
import { ask, type Ray, send, textOf } from './client.ts'
import { answerFailure } from './failure.ts'

const jobSchema = z.object({
  /** `null` for drivers that nobody submitted. */
  submission_id: z.string().nullish(),
  status: z.enum(['PENDING', 'RUNNING', 'STOPPED', 'SUCCEEDED', 'FAILED']),
  message: z.string().nullish(),
  error_type: z.string().nullish(),
  /** Milliseconds since the epoch. */
  start_time: z.number().nullish(),
  end_time: z.number().nullish(),
  entrypoint: z.string().nullish(),
  metadata: z.record(z.string(), z.string()).nullish(),
  /** Of the node that runs it, as `http://host:port`; `null` until it runs. */
  driver_agent_http_address: z.string().nullish(),
  driver_node_id: z.string().nullish(),
  driver_exit_code: z.number().nullish(),
})

/** A job as Ray knows it. */
export type RayJob = z.output<typeof jobSchema>

/** What is submitted, by Ray’s own names. */
export interface RayJobRequest {
  readonly submission_id: string
  /** Read by `/bin/sh` there. */
  readonly entrypoint: string
  readonly metadata?: Readonly<Record<string, string>>
  readonly runtime_env?: Readonly<Record<string, unknown>>
  readonly entrypoint_num_cpus?: number | undefined
  readonly entrypoint_num_gpus?: number | undefined
  /** Bytes. */
  readonly entrypoint_memory?: number | undefined
  readonly entrypoint_resources?: Readonly<Record<string, number>> | undefined
}

/** @returns `undefined` where there is none of this id. */
export function findRayJob(ray: Ray, id: string, signal?: AbortSignal): Promise<RayJob | undefined> {
  return ask(ray, { method: 'GET', path: pathOf(id), signal }, jobSchema)
}

/** Whether a job is only what Ray’s watcher made of one that was forgotten too early. */
export function isGhost({ entrypoint, metadata }: RayJob): boolean {
  return entrypoint === 'Entrypoint not found.' && !metadata
}

/** All jobs that somebody submitted. */
export async function listRayJobs(ray: Ray): Promise<RayJob[]> {
  const jobs = await ask(ray, { method: 'GET', path: '/api/jobs/' }, z.array(jobSchema))
  return (jobs ?? []).filter(({ submission_id: id }) => id)
}

/**
 * Submits a job.
 * @returns `false` where the id is taken.
 */
export async function submitRayJob(ray: Ray, body: RayJobRequest): Promise<boolean> {
  const call = { method: 'POST', path: '/api/jobs/', body, timeoutMs: submissionMs } as const
  const answer = await send(ray, call)
  const text = await textOf(ray, answer)
  if (answer.status === 200) return true
  // No status of its own: 500 with a traceback.
  if (text.includes(`submission_id ${body.submission_id} already exists`)) return false
  throw answerFailure(ray, call, answer, text)
}

/** Ray waits by itself for an agent that takes the job. */
const submissionMs = 120_000

/** Asks Ray to end a job; it goes on to end it. A job that is not there, or has ended, is left alone. */
export async function stopRayJob(ray: Ray, id: string, timeoutMs?: number): Promise<void> {
  await ask(ray, { method: 'POST', path: `${pathOf(id)}/stop`, timeoutMs }, z.object({ stopped: z.boolean() }))
}

/**
 * Forgets a job that has ended. One that is not there any more is left alone. For about two seconds after its end Ray
 * still watches a job, and takes what has its id then for it: a job that is forgotten earlier comes back as a ghost,
 * and one submitted by the same id is called dead.
 */
export async function deleteRayJob(ray: Ray, id: string): Promise<void> {
  await ask(ray, { method: 'DELETE', path: pathOf(id) }, z.object({ deleted: z.boolean() }))
}

function pathOf(id: string): string {
  return `/api/jobs/${encodeURIComponent(id)}`
}
