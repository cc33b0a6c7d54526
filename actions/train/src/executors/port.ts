import type { Digest } from '@headgate/core'
import type { Params } from '../params.ts'

export const executorNames = ['process', 'docker', 'kubernetes', 'ray', 'spark'] as const
export type ExecutorName = (typeof executorNames)[number]

/** What one training reads: a file or folder of this machine, or a URL that the executor's machines read themselves. */
interface DataSource {
  /** Absolute path, or URL without credentials. */
  readonly location: string
  readonly digest: Digest
}

interface Labels {
  readonly runId: string
  readonly commit: string
  /** When it should have ended (ISO 8601); `null` without a timeout. */
  readonly deadline: string | null
  /** Whether it was submitted to go on by itself. */
  readonly isDetached: boolean
  /** The CI run that submitted it, and waits for it unless it is detached; `null` outside a CI. */
  readonly ciRun: string | null
}

/** A training to run, as data: all that any executor needs to run it. */
export interface Spec {
  /** A DNS label that follows from training key and executor settings: the same training has the same name. */
  readonly name: string
  readonly model: string
  readonly runId: string
  readonly key: Digest
  readonly argv: readonly string[]
  /** Absolute path of the work tree, which the command runs in. */
  readonly folder: string
  /** The files of the code, relative to `folder`, for executors that carry it elsewhere. */
  readonly files: readonly string[]
  readonly params: Params
  readonly data: readonly DataSource[]
  /** Absolute path of an empty folder, for executors that write here; the others fill it by `collect`. */
  readonly output: string
  /** What the command inherits of this machine: only executors on this machine hand it on. */
  readonly inherited: Readonly<Record<string, string>>
  /** What `env` names, for the command wherever it runs. */
  readonly variables: Readonly<Record<string, string>>
  /** Names in `variables` whose values are secrets: passed by reference where the executor can. */
  readonly secretNames: readonly string[]
  /** Absolute path of the lock file, where there is one. */
  readonly lock: string | null
  /** What a job is known by when nobody holds its handle: kept with it, and listed again. */
  readonly labels: Labels
  readonly timeoutMs: number | undefined
  readonly memoryBytes: number | undefined
}

/** How an executor finds a job again, as JSON that another machine can read. */
export type Job = Readonly<Record<string, string | number | null>>

interface Submitted {
  readonly job: Job
  /** The run's id: of the earlier run where the same training was there already. */
  readonly runId: string
  readonly isNew: boolean
}

type JobState = 'waiting' | 'running' | 'succeeded' | 'failed' | 'cancelled'

export interface JobStatus {
  readonly state: JobState
  /** `null` while it runs, and where the system does not tell it. */
  readonly exitCode: number | null
  /** Why it ended, where the code itself is not the reason. */
  readonly cause?: 'timeout' | 'memory' | 'signal' | 'lost' | 'start' | undefined
  /** The system's own words, such as a signal's name or why an image could not be pulled. */
  readonly message?: string | undefined
  readonly peakMemoryBytes?: number | null | undefined
  /** When it ended (ISO 8601), where the system tells: whoever attaches later knows only when he looked. */
  readonly endedAt?: string | undefined
}

/** What is kept with a job of its training. */
export type Identity = Pick<Spec, 'model' | 'key' | 'runId'>

interface MachineFacts {
  /** Whether it is the machine that this runs on. */
  readonly isThis: boolean
  /** What was asked for, such as `2 GPUs` or a machine type, in words; `null` where nothing was. */
  readonly size: string | null
}

/**
 * Where training runs. A job outlives its submitter unless `isLasting` is false. Every method throws `OutsideError`
 * while the system cannot be reached, and `UserError` for what only the user can mend.
 */
export interface Executor {
  readonly name: ExecutorName
  /** Whether a job goes on when this process ends, so that another can attach to it. */
  readonly isLasting: boolean
  /** What `HEADGATE_DATA` names there. */
  readonly reads: 'files' | 'urls'
  /** The machine that trains, as far as it is known; absent where nothing is. */
  readonly machine?: MachineFacts
  /** The image that trainings run in, by digest where the system tells it; absent where there is none. */
  readonly image?: () => Promise<string>
  /**
   * Starts the training. One of this name that waits, runs or has succeeded is taken over instead; one that failed or
   * was cancelled is replaced.
   */
  submit(spec: Spec): Promise<Submitted>
  /** Which training a job is, by what was kept with it; `undefined` where it is gone, or is no training. */
  identify(job: Job): Promise<Identity | undefined>
  status(job: Job): Promise<JobStatus>
  /**
   * Hands over the log's lines after the first `seen`, as they come. Returns when the log has ended or the connection
   * was lost: `status` tells which.
   */
  follow(job: Job, seen: number, onLine: (line: string) => void, signal: AbortSignal): Promise<void>
  /** Ends the job and all that it started. Done when nothing runs any more; a job that has ended is left alone. */
  cancel(job: Job): Promise<void>
  /** Brings what the job left in its output folder. */
  collect(job: Job, into: string): Promise<void>
  /** Removes what is kept of a job that has ended and was collected, or is of no more use. */
  release(job: Job): Promise<void>
  /** The jobs of a model that are there, for `--sweep`. */
  list(model: string): Promise<readonly ListedJob[]>
}

export interface ListedJob {
  readonly job: Job
  readonly name: string
  readonly state: JobState
  /** When it was submitted (ISO 8601). */
  readonly submittedAt: string
  readonly labels: Labels
}
