import type { ServiceFigure, Status } from '@headgate/core'
import type { Sample } from './exposition.ts'
import { numberOf } from './exposition.ts'
import type { ServiceLimits } from './limits.ts'

type Samples = readonly Sample[]

/** One scrape, or two of the same service. */
export interface Scrapes {
  readonly last: Samples
  readonly first?: Samples | undefined
  readonly at: Date
}

/** Latency histograms that are known, in order of preference; the factor makes seconds of their unit. */
const latencies: readonly (readonly [name: string, toSeconds: number])[] = [
  ['http_request_duration_highr_seconds', 1],
  ['http_request_duration_seconds', 1],
  ['request_predict_seconds', 1],
  ['rest_server_requests_duration_seconds', 1],
  ['bentoml_service_request_duration_seconds', 1],
  ['ray_serve_http_request_latency_ms', 1e-3],
  ['revision_request_latencies', 1e-3],
]
const counters = ['http_requests_total', 'bentoml_service_request_total', 'revision_request_count']
const statusLabels = ['status', 'code', 'status_code', 'http_response_code', 'response_code_class']

/** Latency, errors, uptime and memory, each held against its limit. */
export function judge(scrapes: Scrapes, limits: ServiceLimits): ServiceFigure[] {
  return [latency(scrapes, limits), errorRate(scrapes, limits), uptime(scrapes, limits), memory(scrapes, limits)]
}

function latency(scrapes: Scrapes, limits: ServiceLimits): ServiceFigure {
  const limit = limits.p95 === undefined ? null : limits.p95 / 1000
  const figure = { name: 'p95 latency', unit: 's', limit }
  const known = latencies.find(([name]) => scrapes.last.some((sample) => sample.name === `${name}_bucket`))
  if (known === undefined) {
    const query = `histogram_quantile(0.95, ${latencies[1]?.[0]}_bucket)`
    return withoutData(figure, query, 'No latency histogram is known among the metrics.', limits)
  }
  const [name, toSeconds] = known
  const query = `histogram_quantile(0.95, ${name}_bucket)`
  const buckets = bucketsOf(scrapes, `${name}_bucket`)
  const requests = buckets.at(-1)?.count ?? 0
  if (requests < limits.minRequests) return withoutData(figure, query, tooFew(requests, scrapes, limits), limits)
  const quantile = histogramQuantile(0.95, buckets)
  if (quantile === null) return withoutData(figure, query, 'The histogram has no bucket `+Inf`.', limits)
  const note = `${requests} requests, ${spanOf(scrapes)}.${quantile.open ? ' Slower than the last bucket: at least this.' : ''}`
  const value = quantile.value * toSeconds
  return { ...figure, value, query, note, status: atMost(value, limit) }
}

interface Bucket {
  readonly upper: number
  readonly count: number
}

/** Cumulative counts by upper bound, over all other labels. */
function bucketsOf(scrapes: Scrapes, name: string): Bucket[] {
  const counts = new Map<number, number>()
  for (const { labels, value } of increases(scrapes, name)) {
    const upper = numberOf(labels.le ?? 'NaN')
    counts.set(upper, (counts.get(upper) ?? 0) + value)
  }
  return [...counts].map(([upper, count]) => ({ upper, count })).sort((a, b) => a.upper - b.upper)
}

/**
 * A quantile by linear interpolation within its bucket, as Prometheus's `histogram_quantile`. `open` when it lies in
 * the bucket without an end: then the value is that bucket's beginning.
 */
export function histogramQuantile(
  quantile: number,
  buckets: readonly Bucket[],
): { readonly value: number; readonly open: boolean } | null {
  const last = buckets.at(-1)
  if (buckets.length < 2 || last?.upper !== Number.POSITIVE_INFINITY || !(last.count > 0)) return null
  const rank = quantile * last.count
  const index = buckets.findIndex((bucket) => bucket.count >= rank)
  const bucket = buckets[index] ?? last
  const below = buckets[index - 1]
  if (bucket === last) return { value: buckets.at(-2)?.upper ?? 0, open: true }
  if (below === undefined && bucket.upper <= 0) return { value: bucket.upper, open: false }
  const [start, before] = [below?.upper ?? 0, below?.count ?? 0]
  return { value: start + ((bucket.upper - start) * (rank - before)) / (bucket.count - before), open: false }
}

function errorRate(scrapes: Scrapes, limits: ServiceLimits): ServiceFigure {
  const limit = limits.errorRate ?? null
  const name = counters.find((counter) => scrapes.last.some((sample) => sample.name === counter))
  const figure = { name: 'error rate', unit: 'share', limit }
  const query = `${name ?? counters[0]}{status=~"5.."} / ${name ?? counters[0]}`
  if (name === undefined)
    return withoutData(figure, query, 'No counter of requests is known among the metrics.', limits)
  const series = increases(scrapes, name)
  const statuses = series.map(({ labels }) => statusLabels.map((label) => labels[label]).find(Boolean))
  if (statuses.every((status) => status === undefined))
    return withoutData(figure, query, 'The counter of requests has no label with the status.', limits)
  const requests = sum(series.map(({ value }) => value))
  if (requests < limits.minRequests) return withoutData(figure, query, tooFew(requests, scrapes, limits), limits)
  const errors = sum(series.map(({ value }, index) => (statuses[index]?.startsWith('5') ? value : 0)))
  const note = `${errors} of ${requests} requests, ${spanOf(scrapes)}.`
  return { ...figure, value: errors / requests, query, note, status: atMost(errors / requests, limit) }
}

function uptime({ last, at }: Scrapes, limits: ServiceLimits): ServiceFigure {
  const query = 'time() - process_start_time_seconds'
  const figure = { name: 'uptime', unit: 's', limit: limits.uptime === undefined ? null : limits.uptime / 1000 }
  const started = last.find(({ name }) => name === 'process_start_time_seconds')?.value
  if (started === undefined || !Number.isFinite(started))
    return withoutData(figure, query, 'The metrics do not say when the process started.', limits)
  const value = Math.max(0, at.getTime() / 1000 - started)
  return { ...figure, value, query, status: figure.limit === null || value >= figure.limit ? 'pass' : 'fail' }
}

function memory({ last }: Scrapes, limits: ServiceLimits): ServiceFigure {
  const query = 'process_resident_memory_bytes'
  const figure = { name: 'memory', unit: 'bytes', limit: limits.memory ?? null }
  const value = last.find(({ name }) => name === query)?.value
  if (value === undefined || !Number.isFinite(value))
    return withoutData(figure, query, 'The metrics do not say how much memory is used.', limits)
  return { ...figure, value, query, status: atMost(value, figure.limit) }
}

const onNoDataStatus: Readonly<Record<ServiceLimits['onNoData'], Status>> = {
  fail: 'fail',
  pass: 'pass',
  wait: 'inconclusive',
}

function withoutData(
  figure: Pick<ServiceFigure, 'name' | 'unit' | 'limit'>,
  query: string,
  reason: string,
  { onNoData }: ServiceLimits,
): ServiceFigure {
  if (figure.limit === null)
    return { ...figure, value: null, query, status: 'pass', note: `${reason} No limit is set.` }
  const consequence = { fail: 'counts as failed', pass: 'is let pass', wait: 'waits for data' }[onNoData]
  const note = `${reason} The limit ${consequence} (\`on-no-data: ${onNoData}\`).`
  return { ...figure, value: null, query, status: onNoDataStatus[onNoData], note }
}

/** Each series' growth between the scrapes, or its total with one. A counter that fell was started anew. */
function increases({ first, last }: Scrapes, name: string): Samples {
  const series = last.filter((sample) => sample.name === name && Number.isFinite(sample.value))
  if (first === undefined) return series
  const earlier = new Map(first.filter((sample) => sample.name === name).map((one) => [seriesKey(one), one.value]))
  return series.map((sample) => {
    const before = earlier.get(seriesKey(sample)) ?? 0
    return { ...sample, value: sample.value >= before ? sample.value - before : sample.value }
  })
}

function seriesKey({ labels }: Sample): string {
  return JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)))
}

function atMost(value: number, limit: number | null): Status {
  return limit === null || value <= limit ? 'pass' : 'fail'
}

function spanOf({ first }: Scrapes): string {
  return first === undefined ? 'since the service started' : 'between two scrapes'
}

function tooFew(requests: number, scrapes: Scrapes, { minRequests }: ServiceLimits): string {
  return `${requests} requests ${spanOf(scrapes)}, fewer than ${minRequests}.`
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
