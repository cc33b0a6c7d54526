import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { runProcess } from '../process/run.ts'
import type { Docker } from './command.ts'

export interface LogReading {
  /** Whether to wait for what is printed from now on. */
  readonly isFollowed: boolean
  /** Whether all that the container prints is on its first stream: the other is then the command’s own complaints. */
  readonly isJoined: boolean
  readonly onLine: (line: string) => void
  readonly signal: AbortSignal
}

/**
 * Reads a container’s log from its beginning, both streams as one. Engines keep the order in which they read what a
 * container printed, and only a pipe that both streams share keeps it too, so that a second reading finds the same
 * lines at the same places. No word of the command is read by the shell that joins them. A connection that is lost
 * ends it like the end of the log does.
 * @returns what stands after the last line break, which may be the beginning of a line.
 */
export async function readLog(docker: Docker, id: string, reading: LogReading): Promise<string> {
  const { isFollowed, isJoined, onLine, signal } = reading
  const end = `end-${randomUUID()}`
  const words = [docker.command, 'logs', ...(isFollowed ? ['--follow'] : []), id]
  let rest = ''
  const request = {
    argv: ['/bin/sh', '-c', `"$@" 2>${isJoined ? '/dev/null' : '&1'}; printf %s "$0"`, end, ...words],
    cwd: docker.cwd,
    environment: docker.environment,
    signal,
    graceMs: 500,
    onLine: (_: string, line: string) => {
      if (signal.aborted) return
      if (line.endsWith(end)) rest = line.slice(0, -end.length)
      else onLine(line)
    },
  }
  await runProcess(request).catch((error: unknown) => {
    if (!signal.aborted) throw error
  })
  return rest
}

const shortestPauseMs = 250
const longestPauseMs = 4000

/**
 * As `readLog` with `isFollowed`, by reading over and over until the container has ended: where Podman follows a log it
 * loses its end, and cuts lines that are just being written. So the last line counts once it stayed as it is.
 */
export async function pollLog(
  docker: Docker,
  id: string,
  {
    isJoined,
    onLine,
    signal,
    hasEnded,
  }: Omit<LogReading, 'isFollowed'> & { readonly hasEnded: () => Promise<boolean> },
): Promise<void> {
  let [handedOver, lastSeen, pauseMs] = [0, '', shortestPauseMs]
  while (!signal.aborted && !(await hasEnded())) {
    const before = handedOver
    let [read, last] = [0, '']
    const take = (line: string): void => {
      if (read > handedOver) {
        onLine(last)
        handedOver += 1
      }
      read += 1
      last = line
    }
    await readLog(docker, id, { isFollowed: false, isJoined, onLine: take, signal })
    const place = `${read}:${last}`
    if (read > handedOver && place === lastSeen) {
      onLine(last)
      handedOver += 1
    }
    lastSeen = place
    pauseMs = handedOver > before ? shortestPauseMs : Math.min(pauseMs * 2, longestPauseMs)
    await sleep(pauseMs, undefined, { signal }).catch(() => undefined)
  }
}
