import { setTimeout as wait } from 'node:timers/promises'
import { getOctokit } from '@actions/github'
import { type ForgeLocation, OutsideError, UserError } from '@headgate/core'
import type { z } from 'zod'

/** The forge refused a call for want of a right, or will not take it as it is. */
export class Rejection extends Error {
  override readonly name = 'Rejection'
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

export interface RestOptions {
  /** Waits before the retries, in milliseconds. */
  readonly delays?: readonly number[]
}

/** A forge's REST API: retried where that helps, every answer checked. */
export interface Rest {
  readonly location: ForgeLocation
  /** `route` as `GET /repos/{owner}/{repo}/…`; owner and repo are filled in. */
  call<T>(route: string, answer: z.ZodType<T>, parameters?: Readonly<Record<string, unknown>>): Promise<T>
  /** All pages of a list. */
  list<T>(
    route: string,
    item: z.ZodType<readonly T[]>,
    parameters?: Readonly<Record<string, unknown>>,
  ): Promise<readonly T[]>
}

const usualDelays = [500, 2_000, 6_000]
const longestWait = 60_000
const pageSize = 50

/** @throws UserError when there is no token. */
export function openRest(location: ForgeLocation, options: RestOptions = {}): Rest {
  if (!location.token)
    throw new UserError({ what: `a token for ${location.apiUrl} is missing.`, fix: 'Give it as `token`.' })
  const [owner = '', repo = ''] = location.repository.split('/')
  // The client's own fetch would go around whoever replaced the global one.
  const fetch: typeof globalThis.fetch = (...request) => globalThis.fetch(...request)
  const octokit = getOctokit(location.token, { baseUrl: location.apiUrl, request: { fetch } })
  const delays = options.delays ?? usualDelays
  const rest: Rest = {
    location,
    call: async (route, answer, parameters) => {
      const data = await retried(route, delays, () => octokit.request(route, { owner, repo, ...parameters }))
      const parsed = answer.safeParse(data)
      if (parsed.success) return parsed.data
      throw new OutsideError({
        tried: `${route} at ${location.apiUrl} was called.`,
        state: `Its answer has another shape than the API's description: ${parsed.error.issues[0]?.message ?? ''}.`,
        next: 'Check that this address is the forge’s API.',
      })
    },
    list: async (route, item, parameters) => {
      const found: (typeof item)['_output'][number][] = []
      for (let page = 1; ; page += 1) {
        const items = await rest.call(route, item, { ...parameters, per_page: pageSize, limit: pageSize, page })
        found.push(...items)
        if (items.length < pageSize) return found
      }
    },
  }
  return rest
}

interface HttpError extends Error {
  readonly status?: number
  readonly response?: { readonly headers?: Readonly<Record<string, string | undefined>> }
}

async function retried(
  route: string,
  delays: readonly number[],
  call: () => Promise<{ data: unknown }>,
): Promise<unknown> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return (await call()).data
    } catch (thrown) {
      const error = thrown as HttpError
      const asked = askedWait(error)
      const isFinal = error.status !== undefined && error.status < 500 && error.status !== 408 && asked === undefined
      if (isFinal) throw new Rejection(error.status ?? 0, `${route}: ${error.message}`)
      const delay = asked ?? delays[attempt]
      if (attempt >= delays.length || delay === undefined || delay > longestWait)
        throw gaveUp(route, attempt + 1, error)
      await wait(delay)
    }
  }
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
