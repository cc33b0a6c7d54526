import { OutsideError, type UserError } from '@headgate/core'
import type { z } from 'zod'
import type { Connection } from './connection.ts'
import { type Answer, type Exchange, exchange, type Failed } from './exchange.ts'
import { type Asked, errorOf, kindOf, notMlflow, wordsOf } from './failure.ts'

/** What the server is: MLflow 3, MLflow 2 (and what speaks like it), or GitLab's emulation. */
export type Dialect = 'mlflow-3' | 'mlflow-2' | 'gitlab'

/** A server, and how to speak with it: plain data, which every function of this room takes first. */
export interface Client {
  readonly connection: Connection
  readonly dialect: Dialect
  /** Such as `3.17.2`; `null` where the server does not tell. */
  readonly version: string | null
  readonly retries: number
  readonly signal: AbortSignal | undefined
}

export interface Call {
  readonly method: Exchange['method']
  /** Below `/api/2.0/`, such as `mlflow/runs/create`. */
  readonly path: string
  readonly query?: Readonly<Record<string, string | undefined>> | undefined
  readonly body?: unknown
  /** Whether a second call could do the thing twice. */
  readonly once?: boolean | undefined
}

/** What an error means, whatever its status: MLflow's `error_code`, or one of ours. */
export type ErrorCode = string

/** No MLflow error: there is no such endpoint. */
export const noEndpoint: ErrorCode = 'ENDPOINT_NOT_FOUND'
/** No MLflow error: whether the call took effect is not known. */
const effectUnknown: ErrorCode = 'EFFECT_UNKNOWN'

export type Outcome<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly code: ErrorCode; readonly message: string; readonly error: UserError | OutsideError }

/**
 * Calls an endpoint whose errors are for the caller to tell apart, by `code`.
 * @throws UserError for an answer that is not MLflow's; the signal's reason when aborted.
 */
export async function attempt<T>(client: Client, call: Call, answer: z.ZodType<T>): Promise<Outcome<T>> {
  const body = call.body === undefined ? undefined : JSON.stringify(call.body)
  const given = await exchange(client, {
    method: call.method,
    url: urlOf(client, call.path, call.query),
    headers: body === undefined ? {} : { 'content-type': 'application/json' },
    body: body === undefined ? undefined : () => body,
    once: call.once,
  })
  const asked = askedOf(client, call, body === undefined ? undefined : Buffer.byteLength(body))
  if (!('attempts' in given)) return readAnswer(given, asked, answer)
  return {
    ok: false,
    code: codeOf(given, call),
    message: errorOf(given.text)?.message ?? '',
    error: wordsOf(given, asked),
  }
}

/**
 * Calls an endpoint that must succeed.
 * @throws UserError, or OutsideError after retries, in words; the signal's reason when aborted.
 */
export async function ask<T>(client: Client, call: Call, answer: z.ZodType<T>): Promise<T> {
  const outcome = await attempt(client, call, answer)
  if (outcome.ok) return outcome.value
  throw outcome.error
}

/** Sends or fetches bytes. The answer's body is for the caller to read; an error comes in words. */
export async function transfer(client: Client, what: Exchange, bytes?: number): Promise<Answer> {
  const timeoutMs = Math.max(client.connection.timeoutMs, longestTransferWaitMs)
  const given = await exchange(client, { ...what, timeoutMs })
  if (!('attempts' in given)) return given
  throw wordsOf(given, askedOf(client, { method: what.method, path: decodeURIComponent(what.url.pathname) }, bytes))
}

const longestTransferWaitMs = 10 * 60_000

/**
 * Finds what should be there once, or makes it: when the answer to the making was lost, it is looked for again before
 * it is made a second time.
 */
export async function findOrMake<T>(find: () => Promise<T | undefined>, make: () => Promise<Outcome<T>>): Promise<T> {
  for (let attempts = 1; ; attempts += 1) {
    const found = await find()
    if (found !== undefined) return found
    const made = await make()
    if (made.ok) return made.value
    if (made.code !== effectUnknown || attempts >= 3) throw made.error
  }
}

/** The same server, asked in another way. */
export function withOptions(client: Client, options: Partial<Pick<Client, 'retries' | 'signal'>>): Client {
  return { ...client, ...options }
}

/** The server by its name, for sentences. */
export function serverName({ dialect, version }: Pick<Client, 'dialect' | 'version'>): string {
  return dialect === 'gitlab' ? 'GitLab' : version === null ? 'MLflow' : `MLflow ${version}`
}

/** Ends the connections. */
export async function close({ connection }: Client): Promise<void> {
  await connection.dispatcher.close()
}

export function urlOf({ connection }: Pick<Client, 'connection'>, path: string, query: Call['query'] = {}): URL {
  const url = new URL(`${connection.address}/api/2.0/${path}`)
  for (const [name, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(name, value)
  return url
}

export function askedOf(client: Client, { method, path }: Pick<Call, 'method' | 'path'>, bytes?: number): Asked {
  const { address } = client.connection
  return { address, server: serverName(client), isGitlab: client.dialect === 'gitlab', method, path, bytes }
}

async function readAnswer<T>(answer: Answer, asked: Asked, schema: z.ZodType<T>): Promise<Outcome<T>> {
  const text = await answer.body.text()
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw notMlflow(asked, kindOf(answer.contentType, text))
  }
  const parsed = schema.safeParse(value)
  if (parsed.success) return { ok: true, value: parsed.data }
  const issue = parsed.error.issues[0]
  throw new OutsideError({
    tried: `${asked.method} ${asked.path} was sent to ${asked.address}.`,
    state: `Its answer has another shape than MLflow’s: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}.`,
    next: 'Check that MLFLOW_TRACKING_URI names an MLflow server of version 2 or 3.',
  })
}

function codeOf(failed: Failed, { once, method }: Call): ErrorCode {
  if (failed.isEffectUnknown && once && method !== 'GET') return effectUnknown
  const named = errorOf(failed.text)
  if (named?.code !== undefined) return named.code
  if (failed.status === 404 || failed.status === 405) return noEndpoint
  return failed.status === 401 ? 'UNAUTHENTICATED' : failed.status === 403 ? 'PERMISSION_DENIED' : 'UNKNOWN'
}
