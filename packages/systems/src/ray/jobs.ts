import { z } from 'zod'
import { ask, failed, isRefused, type Ray, type Request, send } from './client.ts'

const details = z.object({
  submission_id: z.string().nullish(),
  status: z.enum(['PENDING', 'RUNNING', 'STOPPED', 'SUCCEEDED', 'FAILED']),
  message: z.string().nullish(),
  error_type: z.string().nullish(),
  start_time: z.number().nullish(),
  metadata: z.record(z.string(), z.string()).nullish(),
  driver_exit_code: z.int().nullish(),
  driver_node_id: z.string().nullish(),
})
/** A job as Ray tells it. `start_time` is in milliseconds since the epoch. */
export type RayJob = z.output<typeof details>

/** What is asked of Ray, by its own names. */
export interface Submission {
  readonly submission_id: string
  /** Read by a shell. */
  readonly entrypoint: string
  readonly runtime_env?: Readonly<Record<string, unknown>>
  readonly metadata?: Readonly<Record<string, string>>
  readonly entrypoint_num_cpus?: number
  readonly entrypoint_num_gpus?: number
  readonly entrypoint_memory?: number
  readonly entrypoint_resources?: Readonly<Record<string, number>>
  readonly entrypoint_label_selector?: Readonly<Record<string, string>>
}

/** The job of this submission id; `undefined` where the cluster has none. */
export function findJob(ray: Ray, id: string): Promise<RayJob | undefined> {
  return ask(ray, { method: 'GET', path: jobPath(id) }, details)
}

export async function listJobs(ray: Ray): Promise<readonly RayJob[]> {
  return (await ask(ray, { method: 'GET', path: '/api/jobs/' }, z.array(details))) ?? []
}

/** @returns whether the job is new: Ray refuses an id that it has had. */
export async function submitJob(ray: Ray, submission: Submission): Promise<boolean> {
  const what: Request = { method: 'POST', path: '/api/jobs/', json: submission }
  const answer = await send(ray, what)
  if (!isRefused(answer)) {
    await answer.body.dump()
    return true
  }
  if (/already exists/i.test(answer.text)) return false
  throw failed(ray, what, answer)
}

/** Asks Ray to end a job. One that has ended, or is not there, is left as it is. */
export async function stopJob(ray: Ray, id: string): Promise<void> {
  await ask(ray, { method: 'POST', path: `${jobPath(id)}/stop` }, z.object({ stopped: z.boolean() }))
}

/** Makes Ray forget a job that has ended. */
export async function deleteJob(ray: Ray, id: string): Promise<void> {
  await ask(ray, { method: 'DELETE', path: jobPath(id) }, z.object({ deleted: z.boolean() }))
}

/** Whether a job has come to its end. */
export function hasEnded({ status }: Pick<RayJob, 'status'>): boolean {
  return status !== 'PENDING' && status !== 'RUNNING'
}

function jobPath(id: string): string {
  return `/api/jobs/${encodeURIComponent(id)}`
}
