import { type Cluster, followLog, waitForPods } from '@headgate/systems/kubernetes'
import type { Job } from '../port.ts'
import { trainer } from './names.ts'
import { podsOf } from './sight.ts'
import { containerOf, currentPod, hasNews } from './status.ts'

/** How far a client has read, so that it need not read all again: nodes drop what is old. */
export interface Place {
  readonly pod: string
  /** Lines that were handed over, of all pods. */
  seen: number
  /** The node’s time of the last line, and how many lines were of that time. A pod’s lines are in order of time. */
  latest: string
  ofLatest: number
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
  const pod = currentPod(pods)?.metadata?.name
  const state = pods.length > 0 ? containerOf(currentPod(pods) ?? {}, trainer)?.state : undefined
  if (pod === undefined || !(state?.running ?? state?.terminated)) return
  const { place, isKnown } = takeUp(places.get(String(job.uid)), pod, seen)
  places.set(String(job.uid), place)
  await followLog(cluster, {
    pod,
    container: trainer,
    since: place.latest === '' ? undefined : place.latest.replace(/\.\d+/, ''),
    isComplete: state?.terminated !== undefined,
    signal,
    onLine: (time, line) => {
      if (isKnown(time)) return
      place.ofLatest = time === place.latest ? place.ofLatest + 1 : 1
      place.latest = time
      place.seen += 1
      onLine(line)
    },
  })
}

interface TakenUp {
  readonly place: Place
  /** Whether a line of this time was handed over before; asked once for each. */
  readonly isKnown: (time: string) => boolean
}

/** A log can be asked for from a second on only: what of it is known is passed over by its exact time. */
export function takeUp(before: Place | undefined, pod: string, seen: number): TakenUp {
  if (before?.seen === seen && before.pod === pod) {
    const { latest } = before
    let left = before.ofLatest
    const isKnown = (time: string): boolean => time < latest || (time === latest && left-- > 0)
    return { place: before, isKnown }
  }
  // A pod that took the place of a lost one begins anew. Who comes from elsewhere counts what it has seen.
  let left = before?.seen === seen ? 0 : seen
  return { place: { pod, seen, latest: '', ofLatest: 0 }, isKnown: () => left-- > 0 }
}
