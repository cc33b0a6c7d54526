import { OutsideError } from '@headgate/core'
import { type Ray, send, textOf } from './client.ts'
import { answerFailure, lastLine, unreachable } from './failure.ts'

/** A file of a node, below the folder of Ray’s logs there. */
export interface NodeFile {
  readonly node: string
  readonly path: string
}

/**
 * Streams a file from its beginning to what is its end now. Ray serves what lies in its log folder on any node, links of
 * that folder included, byte by byte. It can also follow a file as it grows, but never lets go of what nobody reads any
 * more: a hundred such readers, and it serves nobody.
 * @returns `undefined` where the node has no such file.
 * @throws OutsideError when the node is gone, or the connection broke; the signal’s reason when aborted.
 */
export async function readNodeFile(
  ray: Ray,
  { node, path }: NodeFile,
  signal?: AbortSignal,
): Promise<AsyncIterable<Buffer> | undefined> {
  // Of the whole answer, in seconds; half a minute otherwise.
  const query = { node_id: node, filename: path, lines: '-1', timeout: String(longestSeconds) }
  const call = { method: 'GET', path: '/api/v0/logs/file', query, signal, timeoutMs: 60_000 } as const
  const answer = await send(ray, call)
  if (answer.status === 200) return pieces(ray, answer.body, signal)
  const text = await textOf(ray, answer, signal)
  if (answer.status === 500 && /not found at/.test(text)) return undefined
  if (answer.status === 500 && /Agent for node id|doesn.t exist|UNAVAILABLE|failed to connect/i.test(text))
    throw new OutsideError({
      tried: `A file of the node ${node.slice(0, 8)} of ${ray.address} was asked for.`,
      state: `The node is gone: ${lastLine(text)}`,
      next: 'Look at the nodes in the dashboard. What only it had is lost: run it again.',
    })
  throw answerFailure(ray, call, answer, text)
}

const longestSeconds = 24 * 3600

/** Reads a small file whole. */
export async function readSmallFile(ray: Ray, file: NodeFile, signal?: AbortSignal): Promise<Buffer | undefined> {
  const found = await readNodeFile(ray, file, signal)
  if (found === undefined) return undefined
  const parts: Buffer[] = []
  for await (const piece of found) parts.push(piece)
  return Buffer.concat(parts)
}

async function* pieces(ray: Ray, body: AsyncIterable<unknown>, signal?: AbortSignal): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of body) yield chunk as Buffer
  } catch (error) {
    signal?.throwIfAborted()
    throw unreachable(ray, error)
  }
}
