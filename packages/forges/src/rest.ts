import { setTimeout as wait } from 'node:timers/promises'
import { getOctokit } from '@actions/github'
import { type ForgeLocation, OutsideError, UserError } from '@headgate/core'
import type { z } from 'zod'
import { Rejection } from './rejection.ts'

export interface RestOptions {
  /** Waits before the retries, in milliseconds. */
  readonly delays?: readonly number[]
}

/** A forge's REST API: retried where that helps, every answer checked. */
export interface Rest {
  readonly location: ForgeLocation
  /** `route` as `GET /repos/{owner}/{repo}/…`; owner and repo are filled in. */
  call<T>(
    route: string,
    answer: z.ZodType<T>,
    parameters?: Readonly<Record<string, unknown>>,
    options?: CallOptions,
  ): Promise<T>
  /** All pages of a list, each as large as the forge gives them. */
  list<T>(
    route: string,
    item: z.ZodType<readonly T[]>,
    parameters?: Readonly<Record<string, unknown>>,
    options?: ListOptions,
  ): Promise<readonly T[]>
  /** Repeats any request to the forge as `call` does; `work` throws what `failed` makes of a refusal. */
  retry<T>(what: string, work: () => Promise<T>): Promise<T>
}

export interface CallOptions {
  /** Where a second request could do the thing twice: sent again only if the first surely had no effect. */
  readonly once?: boolean
}

export interface ListOptions {
  /** Where a list takes no page size, since it comes as a whole. */
  readonly isWhole?: boolean
}

const usualDelays = [500, 2_000, 6_000]
const longestWait = 60_000
/** The largest page, and what its size is called. */
const pageSizes = { github: { per_page: 100 }, gitea: { limit: 50 }, gitlab: { per_page: 100 } } as const
/** A forge that hangs is a forge that does not answer. */
const longestCall = 30_000

/** @throws UserError when there is no token. */
export function openRest(location: ForgeLocation, options: RestOptions = {}): Rest {
  if (!location.token)
    throw new UserError({ what: `a token for ${location.apiUrl} is missing.`, fix: 'Give it as `token`.' })
  const [owner = '', repo = ''] = location.repository.split('/')
  // The client's own fetch would go around whoever replaced the global one.
  const fetch: typeof globalThis.fetch = (...request) => globalThis.fetch(...request)
  const octokit = getOctokit(location.token, { baseUrl: location.apiUrl, request: { fetch } })
  const delays = options.delays ?? usualDelays
  const send = (route: string, parameters?: Readonly<Record<string, unknown>>, once = false): Promise<Answer> =>
    retried(route, delays, once, () =>
      octokit.request(route, {
        // What a route does not name would be sent as a parameter of its own.
        ...(route.includes('{owner}/{repo}') && { owner, repo }),
        ...parameters,
        request: { fetch, signal: AbortSignal.timeout(longestCall) },
      }),
    )
  const read = <T>(route: string, schema: z.ZodType<T>, data: unknown): T => {
    const parsed = schema.safeParse(data)
    if (parsed.success) return parsed.data
    throw new OutsideError({
      tried: `${route} at ${location.apiUrl} was called.`,
      state: `Its answer has another shape than the API's description: ${parsed.error.issues[0]?.message ?? ''}.`,
      next: 'Check that this address is the forge’s API.',
    })
  }
  return {
    location,
    call: async (route, answer, parameters, how) =>
      read(route, answer, (await send(route, parameters, how?.once)).data),
    list: async (route, item, parameters, { isWhole = false } = {}) => {
      const found: (typeof item)['_output'][number][] = []
      const size = isWhole ? {} : pageSizes[location.kind]
      for (let page = 1; ; page += 1) {
        const answer = await send(route, { ...parameters, ...size, ...(page > 1 && { page }) })
        found.push(...read(route, item, answer.data))
        // Not by the page's length: a server may give smaller ones than it is asked for.
        if (!/rel="?next"?/.test(String(answer.headers?.link ?? ''))) return found
      }
    },
    retry: (what, work) => retried(what, delays, false, work),
  }
}

interface Answer {
  readonly data: unknown
  readonly headers?: Readonly<Record<string, unknown>>
}

interface HttpError extends Error {
  readonly status?: number
  readonly response?: { readonly headers?: Readonly<Record<string, string | undefined>> }
}

/** What a plain request throws for an answer that is no success, so that `retry` can tell what to do. */
export function failed(response: Response): Error {
  const headers = Object.fromEntries(response.headers)
  return Object.assign(new Error(`answered ${response.status}`), { status: response.status, response: { headers } })
}

async function retried<T>(route: string, delays: readonly number[], once: boolean, call: () => Promise<T>): Promise<T> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await call()
    } catch (thrown) {
      if (thrown instanceof OutsideError) throw thrown
      const error = thrown as HttpError
      const asked = askedWait(error)
      const isFinal = error.status !== undefined && error.status < 500 && error.status !== 408 && asked === undefined
      if (isFinal) throw new Rejection(error.status ?? 0, `${route}: ${error.message}`)
      if (once && asked === undefined && !isUnsent(error)) throw unknownEffect(route, error)
      const delay = asked ?? delays[attempt]
      if (attempt >= delays.length || delay === undefined || delay > longestWait)
        throw gaveUp(route, attempt + 1, error)
      await wait(delay)
    }
  }
}

/** Whether the request surely never reached the forge. */
function isUnsent(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const { code } = error as NodeJS.ErrnoException
  return (
    ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'UND_ERR_CONNECT_TIMEOUT'].includes(code ?? '') || isUnsent(error.cause)
  )
}

function unknownEffect(route: string, error: HttpError): OutsideError {
  return new OutsideError(
    {
      tried: `${route} was called once.`,
      state: `The forge answered ${error.status ?? 'nothing'}: ${error.message}. Whether it took effect is not known.`,
      next: 'Look there before you run this again.',
    },
    { cause: error },
  )
}

/** What a rate limit asks for, in milliseconds. */
function askedWait(error: HttpError): number | undefined {
  if (error.status !== 403 && error.status !== 429) return undefined
  const headers = error.response?.headers ?? {}
  if (headers['retry-after'] !== undefined) return Number(headers['retry-after']) * 1000
  if (headers['x-ratelimit-remaining'] === '0')
    return Math.max(0, Number(headers['x-ratelimit-reset']) * 1000 - Date.now())
  return error.status === 429 ? 1000 : undefined
}

function gaveUp(route: string, attempts: number, error: HttpError): OutsideError {
  return new OutsideError(
    {
      tried: `${route} was called ${attempts} times.`,
      state: `The forge answered ${error.status ?? 'nothing'}: ${error.message}.`,
      next: 'Run the job again when the forge is well; a second run repeats nothing that was done.',
    },
    { cause: error },
  )
}
