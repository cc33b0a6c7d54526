import type { Job } from './executors/port.ts'
import type { Ports } from './ports.ts'

/** Ends a job that nobody waits for, removes what is kept of it, and says so to the tracking server. */
export async function endJob({ executor, tracking }: Ports, job: Job, runId: string): Promise<void> {
  await executor.cancel(job)
  await executor.release(job)
  await (await tracking?.find(runId))?.end('killed')
}
