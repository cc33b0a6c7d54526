import { getOctokit } from '@actions/github'
import { type ForgeLocation, OutsideError, UserError } from '@headgate/core'
import type { z } from 'zod'
import { type Patience, retried, usualPatience } from './retries.ts'

export type RestOptions = Partial<Patience>

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
  const patience = { ...usualPatience, ...options }
  const send = (route: string, parameters?: Readonly<Record<string, unknown>>, once = false): Promise<Answer> =>
    retried(route, patience, once, () =>
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
    retry: (what, work) => retried(what, patience, false, work),
  }
}

interface Answer {
  readonly data: unknown
  readonly headers?: Readonly<Record<string, unknown>>
}

/** What a plain request throws for an answer that is no success, so that `retry` can tell what to do. */
export function failed(response: Response): Error {
  const headers = Object.fromEntries(response.headers)
  return Object.assign(new Error(`answered ${response.status}`), { status: response.status, response: { headers } })
}
