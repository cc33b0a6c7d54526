import { lastLine, type RayJob } from '@headgate/systems/ray'
import type { JobStatus, ListedJob } from '../port.ts'
import type { Result } from './result.ts'

const states: Readonly<Record<RayJob['status'], ListedJob['state']>> = {
  PENDING: 'waiting',
  RUNNING: 'running',
  SUCCEEDED: 'succeeded',
  FAILED: 'failed',
  STOPPED: 'cancelled',
}

export function stateOf({ status }: Pick<RayJob, 'status'>): ListedJob['state'] {
  return states[status]
}

/** A cluster forgets its jobs when its head is started anew. */
export const lost: JobStatus = {
  state: 'failed',
  exitCode: null,
  cause: 'lost',
  message: 'the cluster knows no such job: its head was started anew, or somebody deleted it',
}

/** What Ray tells of a job, and the job itself where it came to its end. */
export function statusOf(job: RayJob, result: Result | undefined): JobStatus {
  const state = stateOf(job)
  const peakMemoryBytes = result?.peakMemoryBytes ?? null
  if (state !== 'failed') return { state, exitCode: state === 'succeeded' ? 0 : null, peakMemoryBytes }
  if (result) {
    const { exitCode, cause, message } = result
    return { state, exitCode, cause: cause ?? undefined, message: message ?? undefined, peakMemoryBytes }
  }
  const message = lastLine(job.message ?? '') || undefined
  // The command was ended with the program around it.
  if (job.driver_exit_code != null) return { state, exitCode: null, cause: 'lost', message }
  const isStart = /RUNTIME_ENV|START|ENTRYPOINT_COMMAND/.test(job.error_type ?? '')
  return { state, exitCode: null, cause: isStart ? 'start' : 'lost', message }
}
