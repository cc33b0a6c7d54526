import { setTimeout as sleep } from 'node:timers/promises'
import { driverLog, findJob, followLines, hasEnded, type Ray, readLines } from '@headgate/systems/ray'

interface Following {
  /** How many lines are known already. */
  readonly seen: number
  readonly onLine: (line: string) => void
  readonly signal: AbortSignal
}

const lookedMs = 1000

/** Reads the log as it grows; a stream of Ray's does not end with its job, which is therefore looked at meanwhile. */
export async function followJob(ray: Ray, id: string, { seen, onLine, signal }: Following): Promise<void> {
  let read = 0
  let known = seen
  const take = (line: string): void => {
    read += 1
    if (read <= known) return
    known = read
    onLine(line)
  }
  const job = await findJob(ray, id)
  if (job?.driver_node_id == null) return
  const file = { nodeId: job.driver_node_id, name: driverLog(id) }
  if (!hasEnded(job)) {
    const done = new AbortController()
    const either = AbortSignal.any([signal, done.signal])
    const looking = awaitEnd(ray, id, either)
    const reading = followLines(ray, file, take, either)
    const isOver = await Promise.race([looking, reading.then(() => false)]).finally(() => done.abort())
    await Promise.allSettled([looking, reading])
    if (!isOver || signal.aborted) return
    read = 0
  }
  if (!(await readLines(ray, file, take, signal)) && !signal.aborted)
    onLine('(Ray no longer has the rest of the log: the node that ran the job has gone.)')
}

/** @returns whether the job has ended, as soon as it has; `false` when aborted. */
async function awaitEnd(ray: Ray, id: string, signal: AbortSignal): Promise<boolean> {
  while (!signal.aborted) {
    const job = await findJob(ray, id)
    if (job === undefined || hasEnded(job)) return job !== undefined
    await sleep(lookedMs, undefined, { signal }).catch(() => undefined)
  }
  return false
}
