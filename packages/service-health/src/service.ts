import { setTimeout } from 'node:timers/promises'
import type { ServiceFigure } from '@headgate/core'
import { messageOf } from '@headgate/core'
import type { Sample } from './exposition.ts'
import { parseExposition } from './exposition.ts'
import { judge } from './figures.ts'
import type { ServiceLimits } from './limits.ts'

/** A service by its own metrics. */
export interface ServiceRequest {
  /** Of its Prometheus metrics, such as `http://127.0.0.1:8080/metrics`. */
  readonly url: string
  readonly limits: ServiceLimits
  readonly signal: AbortSignal
  readonly now: () => Date
}

/**
 * Scrapes a service, once or twice, and holds it against its limits. A service that cannot be scraped is a figure
 * too: it is failed by `on-no-data: fail` and inconclusive otherwise.
 */
export async function checkService(request: ServiceRequest): Promise<ServiceFigure[]> {
  const { limits, signal, now } = request
  const one = await scrape(request)
  if ('problem' in one) return [unscraped(request, one.problem)]
  if (limits.interval === undefined) return judge({ last: one.samples, at: now() }, limits)
  await setTimeout(limits.interval, undefined, { signal })
  const two = await scrape(request)
  if ('problem' in two) return [unscraped(request, two.problem)]
  return judge({ first: one.samples, last: two.samples, at: now() }, limits)
}

async function scrape({
  url,
  limits,
  signal,
}: ServiceRequest): Promise<{ readonly samples: readonly Sample[] } | { readonly problem: string }> {
  try {
    const response = await fetch(withoutCredentials(url), {
      headers: { accept: 'text/plain;version=0.0.4', ...authorization(url) },
      signal: AbortSignal.any([signal, AbortSignal.timeout(limits.timeout)]),
    })
    const text = await response.text()
    return response.ok ? parseExposition(text) : { problem: `answers with status ${response.status}` }
  } catch (error) {
    if (signal.aborted) throw error
    if ((error as Error).name === 'TimeoutError') return { problem: `gave no answer within ${limits.timeout / 1000} s` }
    return { problem: `could not be reached: ${messageOf(error)}` }
  }
}

function unscraped({ url, limits }: ServiceRequest, problem: string): ServiceFigure {
  const status = limits.onNoData === 'fail' ? 'fail' : 'inconclusive'
  const place = withoutCredentials(url).replace(/\?.*$/s, '')
  return { name: 'metrics', value: null, unit: '', limit: null, status, query: place, note: `The service ${problem}.` }
}

function withoutCredentials(url: string): string {
  return url.replace(/\/\/[^/@]*@/, '//')
}

/** `fetch` refuses user and password in an address; they are sent as the header that they stand for. */
function authorization(url: string): Record<string, string> {
  const [, credentials] = /\/\/([^/@]*)@/.exec(url) ?? []
  if (credentials === undefined) return {}
  return { authorization: `Basic ${Buffer.from(decodeURIComponent(credentials)).toString('base64')}` }
}
