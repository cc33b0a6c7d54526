import { setTimeout as sleep } from 'node:timers/promises'
import { containerMemory, type Docker, followLog, inspectContainer } from '@headgate/systems/docker'

interface Following {
  /** How many lines are known already. */
  readonly seen: number
  readonly onLine: (line: string) => void
  readonly signal: AbortSignal
  /** Gets the container’s peak memory, in bytes. */
  readonly peaks: Map<string, number>
}

/** Reads the log from its beginning, and hands over what comes after the first `seen` lines. */
export async function followJob(docker: Docker, id: string, { seen, onLine, signal, peaks }: Following): Promise<void> {
  if (signal.aborted) return
  let read = 0
  const take = (line: string): void => {
    read += 1
    if (read > seen) onLine(line)
  }
  const ended = new AbortController()
  const sampling = samplePeak(docker, id, peaks, ended.signal)
  try {
    await followLog(docker, id, { onLine: take, signal })
  } finally {
    ended.abort()
    await sampling
  }
}

const sampledMs = 500

/** Looks at the memory of a container while it runs on this machine: an engine forgets it when it ends. */
async function samplePeak(docker: Docker, id: string, peaks: Map<string, number>, signal: AbortSignal): Promise<void> {
  const container = await inspectContainer(docker, id).catch(() => undefined)
  if (container?.state.pid === 0 || container === undefined) return
  while (!signal.aborted) {
    const bytes = await containerMemory(container)
    if (bytes === undefined) return
    peaks.set(id, Math.max(peaks.get(id) ?? 0, bytes))
    await sleep(sampledMs, undefined, { signal }).catch(() => undefined)
  }
}
