import type { Readable } from 'node:stream'
import { OutsideError, UserError } from '@headgate/core'
import { request } from 'undici'
import { z } from 'zod'

/** A Ray cluster, reached by the address of its head's dashboard. */
export interface Ray {
  /** The origin, and a path where a proxy has one before it; without a slash at its end. */
  readonly address: string
  readonly headers: Readonly<Record<string, string>>
}

export interface Request {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  readonly path: string
  readonly query?: Readonly<Record<string, string>>
  readonly json?: unknown
  readonly bytes?: { readonly body: Readable; readonly length: number }
  readonly signal?: AbortSignal | undefined
  /** For how long nothing may come, in milliseconds; a minute unless told, 0 for ever. */
  readonly silenceMs?: number
}

type Body = Awaited<ReturnType<typeof request>>['body']

/** An answer with a 2xx status, whose body is to be read or dropped. */
interface Answered {
  readonly status: number
  readonly contentType: string
  readonly body: Body
}

/** Any other answer. Ray tells most errors as the text of a Python traceback. */
export interface Refused {
  readonly status: number
  readonly text: string
}

const defaultSilenceMs = 60_000

/**
 * Sends one request. Node's own `fetch` would be taken for a browser's, which Ray refuses.
 * @throws UserError where the address or the token is wrong, OutsideError where nobody answers.
 */
export async function send(ray: Ray, what: Request): Promise<Answered | Refused> {
  const url = new URL(ray.address + what.path)
  for (const [name, value] of Object.entries(what.query ?? {})) url.searchParams.set(name, value)
  const silence = what.silenceMs ?? defaultSilenceMs
  const headers = {
    ...ray.headers,
    ...(what.json !== undefined && { 'content-type': 'application/json' }),
    ...(what.bytes && { 'content-length': String(what.bytes.length) }),
  }
  const body = what.json === undefined ? what.bytes?.body : JSON.stringify(what.json)
  try {
    const options = { method: what.method, headers, headersTimeout: silence, bodyTimeout: silence }
    const answer = await request(url, { ...options, body: body ?? null, signal: what.signal ?? null })
    const contentType = String(answer.headers['content-type'] ?? '')
    if (answer.statusCode >= 200 && answer.statusCode < 300)
      return { status: answer.statusCode, contentType, body: answer.body }
    const text = (await answer.body.text()).slice(0, 4000)
    if (answer.statusCode === 401 || answer.statusCode === 403) throw wrongToken(ray, answer.statusCode)
    if (/text\/html/.test(contentType)) throw notRay(ray)
    return { status: answer.statusCode, text }
  } catch (error) {
    if (error instanceof UserError || what.signal?.aborted) throw error
    throw unreachable(ray, error)
  }
}

export function isRefused(answer: Answered | Refused): answer is Refused {
  return 'text' in answer
}

/**
 * Sends a request and reads the JSON that answers.
 * @returns `undefined` for 404.
 * @throws as `send`; OutsideError for every other status.
 */
export async function ask<T extends z.ZodType>(ray: Ray, what: Request, schema: T): Promise<z.output<T> | undefined> {
  const answer = await send(ray, what)
  if (isRefused(answer)) {
    if (answer.status === 404) return undefined
    throw failed(ray, what, answer)
  }
  const text = await answer.body.text().catch((error: unknown) => {
    throw unreachable(ray, error)
  })
  try {
    return schema.parse(JSON.parse(text))
  } catch {
    throw notRay(ray)
  }
}

const versionSchema = z.object({ ray_version: z.string() })

/** The cluster's version. @throws UserError where something else answers. */
export async function readVersion(ray: Ray): Promise<string> {
  const found = await ask(ray, { method: 'GET', path: '/api/version' }, versionSchema)
  if (found === undefined) throw notRay(ray)
  return found.ray_version
}

/** What Ray refused, as an error of the outside, with the last line of its traceback. */
export function failed({ address }: Ray, { method, path }: Request, { status, text }: Refused): OutsideError {
  return new OutsideError({
    tried: `${method} ${path} was sent to Ray at ${address}.`,
    state: `It answered ${status}: ${lastLine(text)}`,
    next: 'Look at the dashboard of the cluster, and run it again.',
  })
}

/** The last line of a traceback, which says what went wrong. */
export function lastLine(text: string): string {
  return (text.trim().split('\n').at(-1) ?? '').slice(0, 300)
}

function unreachable({ address }: Ray, error: unknown): OutsideError {
  const { code, message } = error as NodeJS.ErrnoException
  return new OutsideError(
    {
      tried: `Ray was asked at ${address}.`,
      state: `No answer came: ${code ?? message}.`,
      next: 'See that the head runs, and that this machine reaches its dashboard (`ray start --dashboard-host`, or a port that is forwarded).',
    },
    { cause: error },
  )
}

function notRay({ address }: Ray): UserError {
  return new UserError({
    what: `\`ray: {address}\`: ${address} answers, but not as the dashboard of a Ray cluster does.`,
    fix: 'Give the address of the head’s dashboard, such as http://head:8265, not one of a login page before it.',
  })
}

function wrongToken({ address }: Ray, status: number): UserError {
  return new UserError({
    what: `Ray at ${address} answered ${status}: it wants a token${status === 403 ? ' that it knows' : ''}.`,
    fix: 'Set RAY_AUTH_TOKEN in the job’s environment, from a secret of the CI.',
  })
}
