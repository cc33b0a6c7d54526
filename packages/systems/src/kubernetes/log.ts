import { splitLines } from '../process/lines.ts'
import type { Cluster } from './client.ts'
import { failureOf, refusedOf } from './failure.ts'
import { openStream } from './stream.ts'

export interface LogRequest {
  readonly pod: string
  readonly container: string
  /** Only lines from this second on (ISO 8601 without fractions). */
  readonly since?: string | undefined
  /** Whether the container has ended: then what stands after the last line break is a line too. */
  readonly isComplete: boolean
  /** Gets each line with the node’s own time of it. */
  readonly onLine: (time: string, line: string) => void
  readonly signal: AbortSignal
}

/**
 * Hands over a container’s log as it grows. Returns at its end, when the connection is lost, when aborted, and at once
 * while there is none yet. A line that was cut in the middle is not handed over.
 */
export async function followLog(cluster: Cluster, request: LogRequest): Promise<void> {
  const path = `/api/v1/namespaces/${cluster.namespace}/pods/${request.pod}/log`
  const query = {
    container: request.container,
    follow: 'true',
    timestamps: 'true',
    ...(request.since === undefined ? {} : { sinceTime: request.since }),
  }
  const lines = splitLines(
    (line) => {
      const at = line.indexOf(' ')
      request.onLine(line.slice(0, at), line.slice(at + 1))
    },
    (line) => line,
  )
  try {
    const stream = await openStream(cluster, path, query, request.signal)
    for await (const chunk of stream) lines.write(chunk as Buffer)
    if (request.isComplete) lines.end()
  } catch (error) {
    if (request.signal.aborted || isNoLog(error) || isCut(error)) return
    throw failureOf(cluster, `The log of the pod ${request.pod} was read.`, error)
  }
}

/** Not started yet, or gone with its node. */
function isNoLog(error: unknown): boolean {
  const code = refusedOf(error)?.code
  return code === 400 || code === 404 || code === 500
}

/** What was cut in the middle is asked for again, from there on. */
function isCut(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code
  return code === 'ECONNRESET' || code === 'ERR_STREAM_PREMATURE_CLOSE' || (error as Error).message === 'aborted'
}
