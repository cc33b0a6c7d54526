import { OutsideError } from '@headgate/core'
import { type Ray, type RayJob, readSmallFile } from '@headgate/systems/ray'
import { z } from 'zod'
import type { JobStatus } from '../port.ts'
import { resultFile, runFolder } from './driver.ts'

const states = {
  PENDING: 'waiting',
  RUNNING: 'running',
  SUCCEEDED: 'succeeded',
  FAILED: 'failed',
  STOPPED: 'cancelled',
} as const

export function stateOf({ status }: Pick<RayJob, 'status'>): JobStatus['state'] {
  return states[status]
}

/** A job that is not there any more: a head without a store of its own forgets its jobs when it ends. */
export const lost: JobStatus = {
  state: 'failed',
  exitCode: null,
  cause: 'lost',
  message: 'the head does not know the job any more, as after its restart',
}

const resultSchema = z.object({
  exitCode: z.int().nullable(),
  cause: z.enum(['memory', 'timeout', 'signal', 'start']).nullable(),
  message: z.string().optional(),
  peakMemoryBytes: z.number().nullable(),
})
type Result = z.output<typeof resultSchema>

/** How a job stands. For one that has ended the driver is heard, as far as its node can be reached. */
export async function statusOf(ray: Ray, job: RayJob, runId: string): Promise<JobStatus> {
  const state = stateOf(job)
  if (state === 'waiting' || state === 'running') return { state, exitCode: null }
  const result = await readResult(ray, job, runId).catch((error: unknown) => {
    if (error instanceof OutsideError) return undefined
    throw error
  })
  if (state !== 'failed') return { state, exitCode: job.driver_exit_code ?? null, ...peakOf(result) }
  return result ? { ...failed(result), ...peakOf(result) } : failedUnheard(job)
}

function peakOf(result: Result | undefined): Pick<JobStatus, 'peakMemoryBytes'> {
  return result ? { peakMemoryBytes: result.peakMemoryBytes } : {}
}

function failed({ exitCode, cause, message }: Result): JobStatus {
  return { state: 'failed', exitCode, cause: cause ?? undefined, message }
}

/** By Ray’s own words: the driver did not begin, or ended without a word. */
function failedUnheard({ error_type: kind, message, driver_exit_code: code }: RayJob): JobStatus {
  const said = shorten(message ?? '')
  const failure = { state: 'failed', exitCode: code ?? null } as const
  if (kind === 'JOB_ENTRYPOINT_COMMAND_ERROR') {
    const isKilled = code === -9 || code === 137
    return isKilled ? { ...failure, exitCode: null, cause: 'signal', message: 'SIGKILL' } : failure
  }
  if (/out of memory|running low on memory|\bOOM\b/i.test(said)) return { ...failure, cause: 'memory', message: said }
  const isDead = kind === 'JOB_SUPERVISOR_ACTOR_DIED' || kind === 'JOB_SUPERVISOR_ACTOR_UNKNOWN_FAILURE'
  return { ...failure, cause: isDead ? 'lost' : 'start', message: said }
}

const shownLength = 1500

function shorten(text: string): string {
  const trimmed = text.trim()
  return trimmed.length > shownLength
    ? `${trimmed.slice(0, shownLength / 2)} … ${trimmed.slice(-shownLength / 2)}`
    : trimmed
}

/** What the driver said of its end; `undefined` where it said nothing. */
export async function readResult(ray: Ray, job: RayJob, runId: string): Promise<Result | undefined> {
  const text = await readRunFile(ray, job, runId, resultFile)
  return text === undefined ? undefined : resultSchema.parse(JSON.parse(text))
}

/** Reads a small file of a run’s folder. */
export async function readRunFile(ray: Ray, job: RayJob, runId: string, name: string): Promise<string | undefined> {
  if (!job.driver_node_id) return undefined
  const bytes = await readSmallFile(ray, { node: job.driver_node_id, path: `${runFolder(runId)}/${name}` })
  return bytes?.toString('utf8')
}
