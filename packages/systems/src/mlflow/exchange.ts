import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { request } from 'undici'
import type { Connection } from './connection.ts'

export interface Exchange {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly url: URL
  readonly headers?: Readonly<Record<string, string>>
  /** Made anew for each attempt: a stream can be sent once. */
  readonly body?: (() => string | AsyncIterable<Uint8Array>) | undefined
  /** Whether a second request could do the thing twice: then it is sent again only if the first surely had no effect. */
  readonly once?: boolean | undefined
  readonly timeoutMs?: number | undefined
}

type Body = Awaited<ReturnType<typeof request>>['body']

/** An answer whose body has not been read: whoever gets it reads or drops it. */
export interface Answer {
  readonly status: number
  readonly contentType: string
  readonly header: (name: string) => string | undefined
  readonly body: Body
}

/** An answer that is an error, or none at all. */
export interface Failed {
  readonly attempts: number
  /** `undefined` where no answer came. */
  readonly status: number | undefined
  readonly contentType: string
  readonly location: string | undefined
  /** The body's first 64 KiB. */
  readonly text: string
  /** Why no answer came. */
  readonly error: NodeJS.ErrnoException | undefined
  /** Whether the request may have taken effect nevertheless. */
  readonly isEffectUnknown: boolean
}

const keptBytes = 64 * 1024
const firstDelayMs = 500
const longestDelayMs = 15_000
const longestAskedMs = 60_000

/** What MLflow's own client takes for passing. */
const passingStatus = new Set([408, 425, 429, 500, 502, 503, 504])
/** Of the errors that MLflow names, those that another attempt may not meet. */
const passingCode =
  /"error_code"\s*:\s*"(INTERNAL_ERROR|TEMPORARILY_UNAVAILABLE|REQUEST_LIMIT_EXCEEDED|DEADLINE_EXCEEDED)"/
/** The request never left, or was turned away before anything was done. */
const unsent = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
])
const turnedAway = new Set([429, 503])
/** What no second attempt mends. */
const lasting = /^(ERR_TLS|ERR_SSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_(GET|VERIFY)|ERR_INVALID|ERR_OSSL)/

export interface Attempts {
  readonly connection: Connection
  readonly retries: number
  readonly signal: AbortSignal | undefined
}

/**
 * Sends a request, again where that helps, as patiently as `Retry-After` asks.
 * @throws the signal's reason when aborted; what the body's source throws.
 */
export async function exchange(how: Attempts, what: Exchange): Promise<Answer | Failed> {
  for (let attempt = 1; ; attempt += 1) {
    how.signal?.throwIfAborted()
    const outcome = await once(how, what, attempt)
    if (!('attempts' in outcome.given)) return outcome.given
    const delay =
      attempt > how.retries || !isWorthAnother(outcome.given, what) ? undefined : delayBefore(attempt, outcome.asked)
    if (delay === undefined) return outcome.given
    await sleep(delay, undefined, { signal: how.signal }).catch(() => undefined)
  }
}

interface Outcome {
  readonly given: Answer | Failed
  readonly asked: string | undefined
}

/** What a body's source threw: no failure of the server. */
class SourceError extends Error {}

async function once({ connection, signal }: Attempts, what: Exchange, attempts: number): Promise<Outcome> {
  const timeoutMs = what.timeoutMs ?? connection.timeoutMs
  try {
    const { statusCode, headers, body } = await request(what.url, {
      method: what.method,
      headers: { ...connection.headers, ...what.headers },
      body: bodyOf(what),
      dispatcher: connection.dispatcher,
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
      signal,
    })
    const header = (name: string): string | undefined => [headers[name] ?? []].flat()[0]
    const contentType = header('content-type') ?? ''
    if (statusCode >= 200 && statusCode < 300)
      return { given: { status: statusCode, contentType, header, body }, asked: undefined }
    const text = await beginningOf(body)
    const isEffectUnknown = statusCode >= 500 && !turnedAway.has(statusCode)
    const given = {
      attempts,
      status: statusCode,
      contentType,
      location: header('location'),
      text,
      error: undefined,
      isEffectUnknown,
    }
    return { given, asked: header('retry-after') }
  } catch (thrown) {
    signal?.throwIfAborted()
    if (thrown instanceof SourceError) throw thrown.cause
    const error = thrown as NodeJS.ErrnoException
    const nothing = { status: undefined, contentType: '', location: undefined, text: '' }
    return { given: { attempts, ...nothing, error, isEffectUnknown: !isUnsent(error) }, asked: undefined }
  }
}

function bodyOf({ body }: Exchange): string | null | Readable {
  const made = body?.()
  return made === undefined || typeof made === 'string' ? (made ?? null) : Readable.from(guarded(made))
}

async function* guarded(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* source
  } catch (error) {
    throw new SourceError('the source of the body failed', { cause: error })
  }
}

async function beginningOf(body: Body): Promise<string> {
  const parts: Buffer[] = []
  let bytes = 0
  try {
    for await (const part of body) {
      parts.push(part as Buffer)
      bytes += (part as Buffer).length
      if (bytes >= keptBytes) break
    }
  } catch {
    // What was read before the connection broke tells enough.
  }
  return Buffer.concat(parts).toString('utf8', 0, keptBytes)
}

function isUnsent(error: NodeJS.ErrnoException): boolean {
  return unsent.has(error.code ?? '') || lasting.test(error.code ?? '')
}

function isWorthAnother(failed: Failed, { once: isOnce }: Exchange): boolean {
  if (isOnce && failed.isEffectUnknown) return false
  if (failed.status === undefined) return !lasting.test(failed.error?.code ?? '')
  if (!passingStatus.has(failed.status)) return false
  return !failed.text.includes('"error_code"') || passingCode.test(failed.text)
}

/** Milliseconds before the next attempt; `undefined` when the server asks for more patience than a job has. */
function delayBefore(attempt: number, asked: string | undefined): number | undefined {
  const jitter = 0.75 + Math.random() / 2
  if (asked === undefined) return Math.min(firstDelayMs * 2 ** (attempt - 1), longestDelayMs) * jitter
  const seconds = Number(asked)
  const wait = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(asked) - Date.now()
  if (Number.isNaN(wait)) return firstDelayMs
  return wait > longestAskedMs ? undefined : Math.max(0, wait)
}
