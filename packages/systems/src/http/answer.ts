import { setTimeout as sleep } from 'node:timers/promises'
import { OutsideError, UserError } from '@headgate/core'
import { EnvHttpProxyAgent, request } from 'undici'
import { reasonOf } from './reason.ts'

export type Method = 'HEAD' | 'GET'

/** Something on a server that can be read. */
export interface Resource {
  /** Without user-info. */
  readonly url: URL
  /** What messages call it: nothing of user-info, query or signature. */
  readonly name: string
  /** The headers by which the server knows who asks. Asked for anew with each request, and sent to that server only. */
  readonly identify?: ((method: Method, url: URL) => Promise<Readonly<Record<string, string>>>) | undefined
  /** What to do where the server does not permit it. */
  readonly accessFix: string
  /** Whether an answer that sends on is followed; no signature holds elsewhere. */
  readonly followsRedirects: boolean
}

/** How patiently a server is asked. */
export interface Patience {
  readonly signal: AbortSignal
  /** Milliseconds before the second attempt; doubled with each. */
  readonly firstDelayMs?: number | undefined
}

type Received = Awaited<ReturnType<typeof request>>

/** An answer whose body has not been read: whoever gets it reads or drops it. */
export interface Answer {
  readonly status: number
  header(name: string): string | undefined
  readonly body: Received['body']
}

const attempts = 5
const mostRedirects = 10
const defaultDelayMs = 500
const longestDelayMs = 15_000
const headersTimeoutMs = 60_000
const bodyTimeoutMs = 120_000
const passing = new Set([408, 425, 429, 500, 502, 503, 504])
const redirects = new Set([301, 302, 303, 307, 308])

/** Reads the variables of proxies when it is first needed. */
let dispatcher: EnvHttpProxyAgent | undefined

/**
 * Asks for a resource, again where that helps.
 * @returns the last answer, whatever its status; the caller judges it, by `refusalOf`.
 * @throws OutsideError when none came; the signal's reason when aborted.
 */
export async function ask(
  resource: Resource,
  method: Method,
  headers: Readonly<Record<string, string>>,
  patience: Patience,
): Promise<Answer> {
  for (let attempt = 1; ; attempt += 1) {
    const found = await once(resource, method, headers, patience.signal).catch((error: unknown) => {
      patience.signal.throwIfAborted()
      if (error instanceof UserError || attempt >= attempts) throw unanswered(resource, method, error, attempt)
      return undefined
    })
    if (found !== undefined && (!passing.has(found.status) || attempt >= attempts)) return found
    await found?.body.dump().catch(() => undefined)
    await pause(attempt, patience)
  }
}

/** Waits before the next attempt. */
export async function pause(attempt: number, { signal, firstDelayMs = defaultDelayMs }: Patience): Promise<void> {
  const jitter = 0.75 + Math.random() / 2
  await sleep(Math.min(firstDelayMs * 2 ** (attempt - 1), longestDelayMs) * jitter, undefined, { signal }).catch(
    () => undefined,
  )
  signal.throwIfAborted()
}

async function once(
  resource: Resource,
  method: Method,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<Answer> {
  dispatcher ??= new EnvHttpProxyAgent()
  let { url } = resource
  for (let hops = 0; ; hops += 1) {
    const own = url.origin === resource.url.origin ? await resource.identify?.(method, url) : undefined
    const {
      statusCode,
      headers: found,
      body,
    } = await request(url, {
      method,
      headers: { 'user-agent': 'headgate', 'accept-encoding': 'identity', ...headers, ...own },
      dispatcher,
      headersTimeout: headersTimeoutMs,
      bodyTimeout: bodyTimeoutMs,
      signal,
    })
    const header = (name: string): string | undefined => [found[name] ?? []].flat()[0]
    const location = header('location')
    const isFollowed = resource.followsRedirects && redirects.has(statusCode) && location !== undefined
    if (!isFollowed) return { status: statusCode, header, body }
    await body.dump().catch(() => undefined)
    if (hops >= mostRedirects) throw misled(resource, `sends on more than ${mostRedirects} times.`)
    url = next(resource, url, location)
  }
}

function next(resource: Resource, from: URL, location: string): URL {
  const to = URL.parse(location, from.href)
  if (to === null || !/^https?:$/.test(to.protocol))
    throw misled(resource, 'sends on to what is no address of the web.')
  if (from.protocol === 'https:' && to.protocol === 'http:')
    throw misled(resource, `sends on to ${to.origin}, which is not encrypted.`)
  // User-info of a redirect is nobody's who asked.
  to.username = ''
  to.password = ''
  return to
}

function misled({ name }: Resource, what: string): UserError {
  return new UserError({ what: `${name} ${what}`, fix: 'Name the address that it is served at.' })
}

function unanswered({ name }: Resource, method: Method, error: unknown, tries: number): UserError | OutsideError {
  if (error instanceof UserError) return error
  return new OutsideError(
    {
      tried: `Asked for ${name} by ${method} ${tries} times.`,
      state: `No answer came: ${reasonOf(error)}. Nothing was trained.`,
      next: 'Check the address and that its server runs, then run it again.',
    },
    { cause: error },
  )
}

/** What an answer that is an error means to a user. */
export function refusalOf({ name, accessFix }: Resource, { status }: Pick<Answer, 'status'>): UserError | OutsideError {
  if (status === 401 || status === 403)
    return new UserError({ what: `${name} may not be read (${status}).`, fix: accessFix })
  if (status === 404 || status === 410)
    return new UserError({ what: `there is nothing at ${name} (${status}).`, fix: 'Check the address.' })
  if (status >= 300 && status < 400)
    return new UserError({
      what: `${name} sends on to elsewhere (${status}).`,
      fix: 'Name the address it is served at.',
    })
  if (!passing.has(status))
    return new UserError({ what: `${name} was answered with status ${status}.`, fix: 'Check the address.' })
  return new OutsideError({
    tried: `Asked for ${name} ${attempts} times.`,
    state: `Its server answered ${status}. Nothing was trained.`,
    next: 'Run it again when the server is well.',
  })
}
