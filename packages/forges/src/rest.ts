import { getOctokit } from '@actions/github'
import { type ForgeLocation, OutsideError, UserError } from '@headgate/core'
import type { z } from 'zod'
import { type Patience, retried, usualPatience } from './retries.ts'

export type RestOptions = Partial<Patience>

/** A forge's REST API: retried where that helps, every answer checked. */
export interface Rest {
  readonly location: ForgeLocation
  /** `route` as `GET /repos/{owner}/{repo}/…`; owner and repo are filled in. */
  call<T>(route: string, answer: z.ZodType<T>, parameters?: Parameters, options?: CallOptions): Promise<T>
  /** All pages of a list, each as large as the forge gives them. */
  list<T>(
    route: string,
    item: z.ZodType<readonly T[]>,
    parameters?: Parameters,
    options?: ListOptions,
  ): Promise<readonly T[]>
  /** Sends a file's bytes (`data`), once, and for as long as it takes: for `retry`. */
  upload<T>(route: string, answer: z.ZodType<T>, parameters: Parameters): Promise<T>
  /** Asks for bytes, once, as `upload` does. */
  download(route: string, parameters?: Parameters): Promise<ReadableStream>
  /** Repeats work of several requests as `call` repeats one. */
  retry<T>(what: string, work: () => Promise<T>): Promise<T>
}

interface CallOptions {
  /** Where a second request could do the thing twice: sent again only if the first surely had no effect. */
  readonly once?: boolean
}

interface ListOptions {
  /** Where a list takes no page size, since it comes as a whole. */
  readonly isWhole?: boolean
}

/** The largest page, and what its size is called. */
const pageSizes = { github: { per_page: 100 }, gitea: { limit: 50 }, gitlab: { per_page: 100 } } as const
/** A forge that hangs is a forge that does not answer. */
const longestCall = 30_000

type Parameters = Readonly<Record<string, unknown>>

/** @throws UserError when there is no token. */
export function openRest(given: ForgeLocation, options: RestOptions = {}): Rest {
  const location = { ...given, apiUrl: given.apiUrl.replace(/\/+$/, '') }
  if (!location.token)
    throw new UserError({ what: `a token for ${location.apiUrl} is missing.`, fix: 'Give it as `token`.' })
  const octokit = getOctokit(location.token, { baseUrl: location.apiUrl })
  const patience = { ...usualPatience, ...options }
  const [owner = '', repo = ''] = location.repository.split('/')
  const ask = (route: string, parameters: Parameters = {}, request: object = {}): Promise<Answer> =>
    octokit.request(route, {
      // What a route does not name would be sent as a parameter of its own.
      ...(route.includes('{owner}/{repo}') && { owner, repo }),
      ...parameters,
      request,
    })
  const send = (route: string, parameters?: Parameters, once = false): Promise<Answer> =>
    retried(route, patience, once, () => ask(route, parameters, { signal: AbortSignal.timeout(longestCall) }))
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
    upload: async (route, answer, parameters) => {
      const headers = { 'content-type': 'application/octet-stream' }
      return read(route, answer, (await ask(route, { ...parameters, headers })).data)
    },
    download: async (route, parameters) => {
      const headers = { accept: 'application/octet-stream' }
      const { data } = await ask(route, { ...parameters, headers }, { parseSuccessResponseBody: false })
      return data as ReadableStream
    },
    retry: (what, work) => retried(what, patience, false, work),
  }
}

interface Answer {
  readonly data: unknown
  readonly headers?: Readonly<Record<string, unknown>>
}
