import { setTimeout as sleep } from 'node:timers/promises'
import { splitLines } from '@headgate/systems'
import { findRayJob, type Ray, type RayJob, readNodeFile, readSmallFile } from '@headgate/systems/ray'
import { isOver } from '../watch.ts'
import { firstLine, partBytes, partsFolder, runFolder } from './driver.ts'
import { labelOf } from './labels.ts'
import { stateOf } from './status.ts'

interface Following {
  /** How many lines are known already. */
  readonly seen: number
  readonly onLine: (line: string) => void
  readonly signal: AbortSignal
}

/**
 * Hands over the lines of a run after the first `seen`. The log of a job that runs is read in parts, as they come, until
 * the job has ended; that of one that has ended is read as a file, whose end is its end.
 */
export async function followRun(ray: Ray, id: string, runId: string, following: Following): Promise<void> {
  try {
    const job = await findRayJob(ray, id, following.signal)
    if (job === undefined || labelOf(job, 'run-id') !== runId || !job.driver_node_id) return
    if (isOver({ state: stateOf(job) })) await readWhole(ray, job, runId, following)
    else await readParts(ray, { job, id, runId }, following)
  } catch (error) {
    if (!following.signal.aborted) throw error
  }
}

/** Lines that are known are not handed over again. */
function unseen({ seen, onLine }: Following): (line: string) => void {
  let read = 0
  return (line) => {
    read += 1
    if (read > seen) onLine(line)
  }
}

async function readWhole(ray: Ray, job: RayJob, runId: string, following: Following): Promise<void> {
  const log = { node: job.driver_node_id ?? '', path: `job-driver-${job.submission_id}.log` }
  const pieces = await readNodeFile(ray, log, following.signal)
  if (pieces === undefined) return
  const take = unseen(following)
  const first = firstLine(runId)
  // Before the training’s own lines stand Ray’s.
  let hasBegun = false
  const lines = splitLines((line) => {
    if (hasBegun) take(line)
    else hasBegun = line === first
  })
  for await (const piece of pieces) lines.write(piece)
  lines.end()
}

const askedMs = 800

interface Run {
  readonly job: RayJob
  readonly id: string
  readonly runId: string
}

/** A line without an end is left to the reading of the whole. */
async function readParts(ray: Ray, { job, id, runId }: Run, following: Following): Promise<void> {
  const { signal } = following
  const lines = splitLines(unseen(following))
  let part = 0
  let known = 0
  for (
    let now: RayJob | undefined = job;
    now && !isOver({ state: stateOf(now) });
    now = await findRayJob(ray, id, signal)
  ) {
    const path = `${runFolder(runId)}/${partsFolder}/${part}`
    const bytes = await readSmallFile(ray, { node: job.driver_node_id ?? '', path }, signal)
    if (bytes) lines.write(bytes.subarray(known))
    known = bytes?.length ?? known
    if (known === partBytes) {
      part += 1
      known = 0
    } else await sleep(askedMs, undefined, { signal })
  }
}
