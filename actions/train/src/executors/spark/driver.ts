import type { JobStatus, Spec } from '../port.ts'
import type { JobRecord } from './folder.ts'

/** Where the driver runs: as a process of this machine, or on one of the cluster’s. */
export interface Driver {
  /** The folder that holds the folders of the jobs. */
  readonly root: string
  /** Checks what a user may have to mend, and that the master is there, before anything is left behind. */
  check(spec: Spec): Promise<void>
  /** Makes the root, where it is ours to make. */
  prepare(): Promise<void>
  /** Puts what the driver needs into the job’s folder, which lies at `now`, and will at `later`. */
  fill(spec: Spec, now: string, later: string): Promise<void>
  start(spec: Spec, folder: string): Promise<void>
  status(record: JobRecord, folder: string): Promise<JobStatus>
  /** Ends it. Done when nothing runs any more. */
  cancel(record: JobRecord, folder: string): Promise<void>
  /** Looks at what only shows while it runs, until the signal. */
  guard(record: JobRecord, folder: string, signal: AbortSignal): Promise<void>
}

/** For how long a submitter may be between taking a job’s name and starting it. */
const startingMs = 60_000

/** How a job stands that nobody has started yet. */
export function beforeStart({ submittedAt }: JobRecord): JobStatus {
  if (Date.now() - Date.parse(submittedAt) < startingMs) return { state: 'waiting', exitCode: null }
  return { state: 'failed', exitCode: null, cause: 'lost', message: 'its submitter ended before it had started it' }
}
