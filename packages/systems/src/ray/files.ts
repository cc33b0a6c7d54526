// Files in the log folder of a node: what a job's own files are fetched by, since Ray has no other way to read one.
import { OutsideError } from '@headgate/core'
import { splitLines } from '../process/lines.ts'
import { failed, isRefused, type Ray, type Request, send } from './client.ts'

interface LogFile {
  readonly nodeId: string
  /** Relative to the log folder. */
  readonly name: string
}

/** The log of a job's entrypoint. */
export function driverLog(submissionId: string): string {
  return `job-driver-${submissionId}.log`
}

/** What Ray says where it has no such file, or no such node any more. */
const missing =
  /no such file|not found|does not exist|filenotfound|cannot find|not available|unavailable|no (alive )?node/i

/** A day: Ray ends a transfer after this time, not after silence. */
const timeoutSeconds = '86400'

/** The bytes of a file; `undefined` where it, or its node, is not there. */
export async function readFile(
  ray: Ray,
  { nodeId, name }: LogFile,
  signal?: AbortSignal,
): Promise<AsyncIterable<Buffer> | undefined> {
  const query = { node_id: nodeId, filename: name, lines: '-1', timeout: timeoutSeconds }
  const what: Request = { method: 'GET', path: '/api/v0/logs/file', query, signal }
  const answer = await send(ray, what)
  if (!isRefused(answer)) return answer.body as AsyncIterable<Buffer>
  if (missing.test(answer.text)) return undefined
  throw failed(ray, what, answer)
}

/** Hands over the lines of a file that is whole. @returns whether it was there. */
export async function readLines(
  ray: Ray,
  file: LogFile,
  onLine: (line: string) => void,
  signal?: AbortSignal,
): Promise<boolean> {
  const bytes = await readFile(ray, file, signal)
  if (bytes === undefined) return false
  const lines = splitLines(onLine)
  await drain(ray, bytes, (chunk) => lines.write(chunk), signal)
  lines.end()
  return true
}

/**
 * Hands over the lines of a file that grows, as they come. Returns when aborted, or when the connection ends; a line
 * that is not whole by then is not handed over.
 */
export async function followLines(
  ray: Ray,
  { nodeId, name }: LogFile,
  onLine: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const query = { node_id: nodeId, filename: name, lines: '-1', interval: '0.3' }
  const what: Request = { method: 'GET', path: '/api/v0/logs/stream', query, signal, silenceMs: 0 }
  const answer = await send(ray, what).catch((error: unknown) => {
    if (signal.aborted) return undefined
    throw error
  })
  if (answer === undefined) return
  // It is not written yet.
  if (isRefused(answer) && missing.test(answer.text)) return
  if (isRefused(answer)) throw failed(ray, what, answer)
  const lines = splitLines(onLine)
  await drain(ray, answer.body as AsyncIterable<Buffer>, (chunk) => lines.write(chunk), signal)
}

async function drain(
  { address }: Ray,
  bytes: AsyncIterable<Buffer>,
  take: (chunk: Buffer) => void,
  signal: AbortSignal | undefined,
): Promise<void> {
  try {
    for await (const chunk of bytes) take(chunk)
  } catch (error) {
    if (signal?.aborted) return
    throw new OutsideError(
      {
        tried: `A log was read from Ray at ${address}.`,
        state: `The connection was lost: ${(error as Error).message}.`,
        next: 'Run it again.',
      },
      { cause: error },
    )
  }
}
