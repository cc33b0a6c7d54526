import { type Cluster, followLog, waitForPods } from '@headgate/systems/kubernetes'
import type { Job } from '../port.ts'
import { trainer } from './names.ts'
import { podsOf } from './sight.ts'
import { containerOf, currentPod, hasNews } from './status.ts'

/** How far a client has read, so that it need not read all again: logs are cut by seconds, and nodes drop old ones. */
export interface Place {
  readonly pod: string
  /** Lines that were handed over, of all pods. */
  seen: number
  /** The latest second that was read, as the node tells it, and how many lines were of it. */
  second: string
  ofSecond: number
  /** The latest time that was read. */
  latest: string
}

const newsWithinMs = 3000

/** Hands over the lines after the first `seen`: those of the pod there is, which may be another than before. */
export async function followJob(
  cluster: Cluster,
  places: Map<string, Place>,
  job: Job,
  { seen, onLine, signal }: { seen: number; onLine: (line: string) => void; signal: AbortSignal },
): Promise<void> {
  const pods = await waitForPods(cluster, podsOf(job), hasNews, { withinMs: newsWithinMs, signal })
  const pod = currentPod(pods)
  const state = pod && containerOf(pod, trainer)?.state
  if (pod?.metadata?.name === undefined || !(state?.running ?? state?.terminated)) return
  const before = places.get(String(job.uid))
  const isResumed = before?.seen === seen
  const isSamePod = isResumed && before.pod === pod.metadata.name
  const place = isSamePod ? before : { pod: pod.metadata.name, seen, second: '', ofSecond: 0, latest: '' }
  // A pod that took the place of a lost one begins anew; without a place, all that was seen is passed over.
  let skipped = isSamePod ? place.ofSecond : isResumed ? 0 : seen
  const isKnown = (time: string): boolean => skipped > 0 && (!isSamePod || time <= place.latest)
  places.set(String(job.uid), place)
  const since = isSamePod && place.second !== '' ? place.second : undefined
  if (since === undefined) Object.assign(place, { second: '', ofSecond: 0 })
  await followLog(cluster, {
    pod: pod.metadata.name,
    container: trainer,
    since,
    signal,
    onLine: (time, line) => {
      const known = isKnown(time)
      if (known) skipped -= 1
      if (!(known && isSamePod)) move(place, time)
      if (known) return
      place.seen += 1
      onLine(line)
    },
  })
}

/** Lines of an earlier second that come late are not found by asking from the latest on, and not counted. */
function move(place: Place, time: string): void {
  const second = time.replace(/\.\d+/, '')
  if (second > place.second) Object.assign(place, { second, ofSecond: 0 })
  if (second === place.second) place.ofSecond += 1
  if (time > place.latest) place.latest = time
}
