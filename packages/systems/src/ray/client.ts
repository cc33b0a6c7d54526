import type { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { OutsideError } from '@headgate/core'
import { type Dispatcher, request } from 'undici'
import type { z } from 'zod'
import { dispatcherOf } from '../http/dispatcher.ts'
import { readRayAddress } from './address.ts'
import { answerFailure, notRay, unreachable } from './failure.ts'

/** A head’s dashboard, and how to speak with it: plain data, which every function of this room takes first. */
export interface Ray {
  /** Without a slash at its end. */
  readonly address: string
  readonly headers: Readonly<Record<string, string>>
  /**
   * undici’s own: Node’s `fetch` says of each request that a browser made it, and Ray refuses to write for browsers.
   */
  readonly dispatcher: Dispatcher
}

export interface RayOptions {
  /** The setting that names the address, for messages. */
  readonly key: string
  readonly address: string
  readonly headers: Readonly<Record<string, string>>
  /** Of Ray’s own authentication (`RAY_AUTH_MODE=token`). */
  readonly token?: string | undefined
  /** The proxies’ variables are read from here. */
  readonly variables: Readonly<Record<string, string | undefined>>
}

/** @throws UserError for an address that takes no jobs. Nothing is connected yet. */
export function rayOf({ key, address, headers, token, variables }: RayOptions): Ray {
  const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` }
  return {
    address: readRayAddress(key, address),
    headers: { 'user-agent': 'headgate', ...authorization, ...headers },
    dispatcher: dispatcherOf({}, variables),
  }
}

export interface Call {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** Below the address, such as `/api/jobs/`; encoded. */
  readonly path: string
  readonly query?: Readonly<Record<string, string>> | undefined
  readonly body?: unknown
  /** Bytes instead of `body`, made anew for each attempt: a stream can be sent once. */
  readonly bytes?: (() => Readable) | undefined
  readonly length?: number | undefined
  readonly signal?: AbortSignal | undefined
  readonly timeoutMs?: number | undefined
}

type Body = Awaited<ReturnType<typeof request>>['body']

/** An answer whose body has not been read: whoever gets it reads or drops it. */
export interface Answer {
  readonly status: number
  readonly contentType: string
  readonly body: Body
}

const defaultTimeoutMs = 30_000
const attempts = 3
const firstDelayMs = 200

/**
 * Sends a request. Reading is tried again when nobody answers; writing is not, since it may have been done.
 * @throws OutsideError where nobody answers; the signal’s reason when aborted.
 */
export async function send(ray: Ray, call: Call): Promise<Answer> {
  const url = new URL(`${ray.address}${call.path}`)
  for (const [name, value] of Object.entries(call.query ?? {})) url.searchParams.set(name, value)
  const body = call.body === undefined ? undefined : JSON.stringify(call.body)
  for (let attempt = 1; ; attempt += 1) {
    call.signal?.throwIfAborted()
    try {
      const answer = await request(url, {
        method: call.method,
        headers: { ...ray.headers, ...contentHeaders(call) },
        body: call.bytes?.() ?? body ?? null,
        dispatcher: ray.dispatcher,
        headersTimeout: call.timeoutMs ?? defaultTimeoutMs,
        bodyTimeout: call.timeoutMs ?? defaultTimeoutMs,
        signal: call.signal,
      })
      const contentType = [answer.headers['content-type'] ?? ''].flat()[0] ?? ''
      return { status: answer.statusCode, contentType, body: answer.body }
    } catch (error) {
      call.signal?.throwIfAborted()
      if (call.method !== 'GET' || attempt >= attempts) throw unreachable(ray, error)
      await sleep(firstDelayMs * 2 ** (attempt - 1), undefined, { signal: call.signal }).catch(() => undefined)
    }
  }
}

function contentHeaders({ body, length }: Call): Record<string, string> {
  if (body !== undefined) return { 'content-type': 'application/json' }
  return length === undefined ? {} : { 'content-type': 'application/octet-stream', 'content-length': String(length) }
}

/**
 * Calls an endpoint and reads its answer.
 * @returns `undefined` where what was asked for is not there (404).
 * @throws UserError and OutsideError in words; the signal’s reason when aborted.
 */
export async function ask<T>(ray: Ray, call: Call, schema: z.ZodType<T>): Promise<T | undefined> {
  const answer = await send(ray, call)
  const text = await textOf(ray, answer, call.signal)
  if (answer.status === 404 && !isHtml(answer, text)) return undefined
  if (answer.status !== 200) throw answerFailure(ray, call, answer, text)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw notRay(ray, answer.contentType, text)
  }
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw new OutsideError({
    tried: `${call.method} ${call.path} was sent to ${ray.address}.`,
    state: `Its answer has another shape than Ray’s: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}.`,
    next: 'Check that `ray: address` names a Ray head of version 2.',
  })
}

/** Reads a body to its end. */
export async function textOf(ray: Ray, { body }: Answer, signal?: AbortSignal): Promise<string> {
  return body.text().catch((error: unknown) => {
    signal?.throwIfAborted()
    throw unreachable(ray, error)
  })
}

function isHtml({ contentType }: Pick<Answer, 'contentType'>, text: string): boolean {
  return contentType.includes('html') || /^\s*<(!doctype|html)/i.test(text)
}

/** Ends the connections. */
export async function closeRay({ dispatcher }: Ray): Promise<void> {
  await dispatcher.destroy()
}
