import { setTimeout as sleep } from 'node:timers/promises'
import { OutsideError } from '@headgate/core'
import type { Executor, Job, JobStatus } from './port.ts'

export interface WatchOptions {
  /** Gets each line, secrets hidden. */
  readonly onLine: (line: string) => void
  /** Says what else happens: a connection that was lost, and that it is back. */
  readonly tell: (message: string) => void
  /** Hides secrets in a line. */
  readonly hide: (line: string) => string
  /** When the job is ended as timed out (milliseconds since the epoch). */
  readonly deadline: number | undefined
  /** Aborted when the CI cancels: the job is cancelled, and the signal's reason thrown. */
  readonly signal: AbortSignal
  /** For how long the system may be out of reach before that is an error. */
  readonly outageMs?: number | undefined
}

/** How a job ended. */
export interface Ended extends JobStatus {
  /** The last 50 lines, each cut to 2,000 characters. */
  readonly lastLines: readonly string[]
}

const keptLines = 50
const keptLength = 2000
const defaultOutageMs = 10 * 60_000
const longestPauseMs = 5000

/**
 * Follows a job to its end, through lost connections and restarts of the system.
 * @throws the signal's reason when cancelled, with nothing left running; OutsideError when the system stays away.
 */
export async function watch(executor: Executor, job: Job, options: WatchOptions): Promise<Ended> {
  const lastLines: string[] = []
  const state: Watching = { seen: 0, lostAt: undefined, pauseMs: 100 }
  const take = (line: string): void => {
    state.seen += 1
    const shown = options.hide(line)
    lastLines.push(shown.length > keptLength ? `${shown.slice(0, keptLength)}…` : shown)
    if (lastLines.length > keptLines) lastLines.shift()
    options.onLine(shown)
  }
  const timer = deadlineSignal(options)
  try {
    for (;;) {
      const status = await look(executor, job, take, state, AbortSignal.any([options.signal, timer.signal]), options)
      if (options.signal.aborted) throw await cancelled(executor, job, options.signal)
      if (status && isOver(status)) return { ...status, lastLines }
      if (timer.signal.aborted) {
        await executor.cancel(job)
        return { ...(await executor.status(job)), state: 'failed', cause: 'timeout', lastLines }
      }
    }
  } finally {
    timer.stop()
  }
}

interface Watching {
  seen: number
  lostAt: number | undefined
  pauseMs: number
}

/** One look at the job: its log as far as it comes, then its state. `undefined` while the system is out of reach. */
async function look(
  executor: Executor,
  job: Job,
  take: (line: string) => void,
  state: Watching,
  signal: AbortSignal,
  { tell, outageMs = defaultOutageMs }: WatchOptions,
): Promise<JobStatus | undefined> {
  const before = state.seen
  try {
    await executor.follow(job, state.seen, take, signal)
    const status = await executor.status(job)
    // What it printed between the end of the log and the end of the job.
    if (isOver(status)) await executor.follow(job, state.seen, take, signal)
    else await pause(state, before, signal)
    if (state.lostAt !== undefined) tell('The connection is back.')
    state.lostAt = undefined
    return status
  } catch (error) {
    if (signal.aborted) return undefined
    if (!(error instanceof OutsideError)) throw error
    if (state.lostAt === undefined) tell(`The connection was lost, and is tried again: ${error.state}`)
    state.lostAt ??= Date.now()
    if (Date.now() - state.lostAt > outageMs) throw error
    await pause(state, before, signal)
    return undefined
  }
}

/** Waits, longer each time while nothing comes. */
async function pause(state: Watching, before: number, signal: AbortSignal): Promise<void> {
  state.pauseMs = state.seen > before ? 100 : Math.min(state.pauseMs * 2, longestPauseMs)
  await sleep(state.pauseMs, undefined, { signal }).catch(() => undefined)
}

export function isOver({ state }: Pick<JobStatus, 'state'>): boolean {
  return state !== 'waiting' && state !== 'running'
}

async function cancelled(executor: Executor, job: Job, signal: AbortSignal): Promise<unknown> {
  await executor.cancel(job)
  await executor.release(job)
  return signal.reason
}

function deadlineSignal({ deadline }: WatchOptions): { readonly signal: AbortSignal; stop(): void } {
  const controller = new AbortController()
  const longest = 2 ** 31 - 1
  const left = deadline === undefined ? undefined : Math.min(longest, Math.max(0, deadline - Date.now()))
  const timer = left === undefined ? undefined : setTimeout(() => controller.abort(), left)
  return { signal: controller.signal, stop: () => clearTimeout(timer) }
}
