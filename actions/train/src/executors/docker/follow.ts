import { setTimeout as sleep } from 'node:timers/promises'
import {
  type Container,
  containerMemory,
  type Docker,
  inspectContainer,
  pollLog,
  readLog,
} from '@headgate/systems/docker'
import { isOver } from '../watch.ts'
import { isJoined } from './labels.ts'
import { stateOf } from './status.ts'

interface Following {
  /** How many lines are known already. */
  readonly seen: number
  readonly onLine: (line: string) => void
  readonly signal: AbortSignal
  /** Gets the container’s peak memory, in bytes. */
  readonly peaks: Map<string, number>
}

/**
 * Reads the log from its beginning, and hands over what comes after the first `seen` lines. What stands after the last
 * line break is a line only once the container has ended: until then it may have been cut with the connection.
 */
export async function followJob(docker: Docker, id: string, { seen, onLine, signal, peaks }: Following): Promise<void> {
  if (signal.aborted) return
  const container = await inspectContainer(docker, id)
  if (container === undefined) return
  let read = 0
  const take = (line: string): void => {
    read += 1
    if (read > seen) onLine(line)
  }
  if (hasEnded(container)) {
    const rest = await readLog(docker, id, { isFollowed: false, isJoined: isJoined(container), onLine: take, signal })
    if (rest !== '') take(rest)
    return
  }
  const stop = new AbortController()
  const sampling = samplePeak(container, peaks, stop.signal)
  try {
    await followLive(docker, container, take, signal)
  } finally {
    stop.abort()
    await sampling
  }
}

async function followLive(
  docker: Docker,
  container: Container,
  onLine: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const reading = { isJoined: isJoined(container), onLine, signal }
  if (docker.kind === 'docker') return void (await readLog(docker, container.id, { ...reading, isFollowed: true }))
  const ended = async (): Promise<boolean> => {
    const now = await inspectContainer(docker, container.id)
    return now === undefined || hasEnded(now)
  }
  await pollLog(docker, container.id, { ...reading, hasEnded: ended })
}

function hasEnded({ state }: Container): boolean {
  return isOver({ state: stateOf(state) })
}

const sampledMs = 500

/** Looks at the memory of a container while it runs on this machine: an engine forgets it when it ends. */
async function samplePeak(container: Container, peaks: Map<string, number>, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const bytes = await containerMemory(container)
    if (bytes === undefined) return
    peaks.set(container.id, Math.max(peaks.get(container.id) ?? 0, bytes))
    await sleep(sampledMs, undefined, { signal }).catch(() => undefined)
  }
}
