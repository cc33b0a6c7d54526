import { PassThrough, type Writable } from 'node:stream'
import { messageOf, OutsideError } from '@headgate/core'
import { ApiException, Exec, type V1Status } from '@kubernetes/client-node'
import type { Cluster } from './client.ts'
import { failureOf } from './failure.ts'

export interface ExecRequest {
  readonly pod: string
  readonly container: string
  readonly command: readonly string[]
}

const pingEveryMs = 20_000
const keptErrors = 4000

type Socket = Awaited<ReturnType<Exec['exec']>>
/** What the client’s type of a socket, written for browsers too, leaves out of `ws`. */
interface NodeSocket {
  on(event: string, listener: (...words: unknown[]) => void): void
  pause(): void
  resume(): void
  ping(): void
  terminate(): void
}

/**
 * Runs a command in a container and fills `into` with what it prints, no faster than that takes it; done when the
 * command has ended and `into` was given all of it.
 * @throws OutsideError where the command fails or the connection is lost; UserError where it may not be run.
 */
export async function fillFrom(cluster: Cluster, request: ExecRequest, into: Writable): Promise<void> {
  const tried = `In the pod ${request.pod}, ${request.command[0]} was run.`
  const errors = new PassThrough()
  let said = ''
  errors.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-keptErrors)
  })
  const status = await run(cluster, request, into, errors).catch((error: unknown) => {
    into.destroy(error as Error)
    throw failureOf(cluster, tried, error)
  })
  if (status.status === 'Success') return
  const why = said.trim() || status.message || 'It failed.'
  throw new OutsideError({ tried, state: why, next: 'Mend what it says, and attach to the training again.' })
}

async function run(cluster: Cluster, request: ExecRequest, into: Writable, errors: PassThrough): Promise<V1Status> {
  const ended = Promise.withResolvers<V1Status>()
  ended.promise.catch(() => undefined)
  const socket = await new Exec(cluster.config)
    .exec(
      cluster.namespace,
      request.pod,
      request.container,
      [...request.command],
      into,
      errors,
      null,
      false,
      ended.resolve,
    )
    .catch((error: unknown) => {
      throw asAnswer(error)
    })
  return guarded(socket, into, ended)
}

/** Holds the socket back while the stream is full, and notices when nobody answers any more. */
async function guarded(socket: Socket, into: Writable, ended: PromiseWithResolvers<V1Status>): Promise<V1Status> {
  const node = socket as unknown as NodeSocket
  let isHeard = true
  const hear = (): void => {
    isHeard = true
  }
  node.on('message', () => {
    hear()
    if (!into.writableNeedDrain) return
    node.pause()
    into.once('drain', () => node.resume())
  })
  node.on('pong', hear)
  const lose = (why: string): void => ended.reject(Object.assign(new Error(why), { code: 'ECONNRESET' }))
  node.on('close', () => lose('the connection was closed before the command had ended'))
  into.once('error', (error) => {
    ended.reject(error)
    node.terminate()
  })
  const timer = setInterval(() => {
    // While it is held back nothing can be heard.
    if (!isHeard && !into.writableNeedDrain) {
      lose('nobody answered any more')
      node.terminate()
    }
    isHeard = into.writableNeedDrain
    node.ping()
  }, pingEveryMs)
  try {
    return await ended.promise
  } finally {
    clearInterval(timer)
  }
}

/** A socket that is refused says the HTTP status in words only. */
function asAnswer(error: unknown): unknown {
  const message = error instanceof Error ? messageOf(error) : String((error as { message?: unknown }).message ?? error)
  const code = /Unexpected server response: (\d+)/.exec(message)?.[1]
  if (code === '403')
    return new ApiException(403, '', { message: `the account cannot get and create resource "pods/exec"` }, {})
  if (code !== undefined) return new ApiException(Number(code), '', { message }, {})
  return error instanceof Error ? error : Object.assign(new Error(message), { code: 'ECONNREFUSED' })
}
