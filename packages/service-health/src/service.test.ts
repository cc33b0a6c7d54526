import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { checkService, histogramQuantile, parseExposition, serviceLimits } from './index.ts'

const ends: (() => void)[] = []
afterEach(() => {
  for (const end of ends.splice(0)) end()
})

/** Answers each scrape with the next text, the last one for ever. */
async function serve(texts: readonly string[], type = 'text/plain; version=0.0.4'): Promise<string> {
  let scrapes = 0
  const server = createServer((_, response) => {
    const text = texts[Math.min(scrapes, texts.length - 1)] ?? ''
    scrapes += 1
    if (text === 'hang') return
    if (text === 'broken') response.statusCode = 503
    response.setHeader('content-type', type)
    response.end(text)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  ends.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`
}

const now = new Date('2026-01-02T00:00:00Z')
const started = now.getTime() / 1000 - 7200

function metrics(good: number, bad: number, fast: number): string {
  return `# HELP http_requests_total Answers.
# TYPE http_requests_total counter
http_requests_total{status="200",path="a\\"b\\\\c\\nd"} ${good}.0
http_requests_total{status="500"} ${bad}.0
http_request_duration_seconds_bucket{le="0.1"} ${fast}
http_request_duration_seconds_bucket{le="0.2"} ${good + bad}
http_request_duration_seconds_bucket{le="+Inf"} ${good + bad}
process_start_time_seconds ${started}
process_resident_memory_bytes 1.048576e+08
go_gc NaN 1395066363000
`
}

const check = (url: string, limits: Record<string, unknown>) =>
  checkService({
    url,
    limits: serviceLimits.parse(limits),
    signal: new AbortController().signal,
    now: () => now,
  })

test('the text format is read with escapes, NaN, +Inf and timestamps', () => {
  const read = parseExposition(metrics(1, 2, 3))
  const samples = 'samples' in read ? read.samples : []
  expect(samples[0]?.labels).toEqual({ status: '200', path: 'a"b\\c\nd' })
  expect(samples.at(-1)).toEqual({ name: 'go_gc', labels: {}, value: Number.NaN })
  const infinite = parseExposition('a{x="}",} +Inf\nb -Inf # {id="1"} 2\n')
  expect(infinite).toMatchObject({ samples: [{ labels: { x: '}' }, value: Infinity }, { value: -Infinity }] })
})

test('a quantile is interpolated within its bucket and never beyond the last bound', () => {
  const buckets = [
    { upper: 1, count: 10 },
    { upper: 2, count: 30 },
    { upper: Infinity, count: 40 },
  ]
  expect(histogramQuantile(0.5, buckets)).toEqual({ value: 1.5, open: false })
  expect(histogramQuantile(0.125, buckets)).toEqual({ value: 0.5, open: false })
  expect(histogramQuantile(0.95, buckets)).toEqual({ value: 2, open: true })
  expect(histogramQuantile(0.95, [{ upper: Infinity, count: 3 }])).toBeNull()
})

test('one scrape judges what came since the service started', async () => {
  const limits = { p95: '200ms', errorRate: 0.05, memory: '200MiB', uptime: '1h' }
  const figures = await check(await serve([metrics(90, 10, 50)]), limits)
  // Rank 95 lies between 50 at 0.1 s and 100 at 0.2 s: 0.1 + 0.1 · 45 / 50.
  expect(figures.map(({ name, status }) => [name, status])).toEqual([
    ['p95 latency', 'pass'],
    ['error rate', 'fail'],
    ['uptime', 'pass'],
    ['memory', 'pass'],
  ])
  expect(figures[0]?.value).toBeCloseTo(0.19, 12)
  expect(figures[0]?.note).toContain('since the service started')
  expect(figures[1]).toMatchObject({ value: 0.1, limit: 0.05 })
  expect(figures[2]?.value).toBe(7200)
})

test('two scrapes judge what came between them', async () => {
  const url = await serve([metrics(1000, 0, 1000), metrics(1050, 50, 1000)])
  const figures = await check(url, { interval: '1ms', errorRate: 0.1 })
  expect(figures[1]).toMatchObject({ value: 0.5, status: 'fail', note: '50 of 100 requests, between two scrapes.' })
})

test.each([
  ['fail', 'fail'],
  ['pass', 'pass'],
  ['wait', 'inconclusive'],
] as const)('missing series and too few requests under on-no-data %s are %s', async (onNoData, status) => {
  const limits = { p95: '1s', errorRate: 0.1, memory: '1GB', onNoData }
  const missing = await check(await serve(['up 1\n']), limits)
  expect(missing.map((figure) => figure.status)).toEqual([status, status, 'pass', status])
  const few = await check(await serve([metrics(3, 0, 3)]), limits)
  expect(few[1]).toMatchObject({ status, value: null })
  expect(few[1]?.note).toContain('3 requests since the service started, fewer than 20.')
})

test.each([
  ['<!DOCTYPE html><html>', 'a web page, not with metrics'],
  ['{"status":"ok"}', 'text that is no metrics (line 1)'],
  ['', 'no metrics at all'],
  ['broken', 'status 503'],
  ['hang', 'no answer within 0.2 s'],
])('what is no metrics (%s) is inconclusive in words, even where missing data passes', async (text, words) => {
  const [figure, ...others] = await check(await serve([text]), { timeout: '200ms', onNoData: 'pass' })
  expect(others).toEqual([])
  expect(figure).toMatchObject({ name: 'metrics', value: null, status: 'inconclusive' })
  expect(figure?.note).toContain(words)
})

test('a service that is down is told without the credentials of its address', async () => {
  const [figure] = await check('http://user:secret@127.0.0.1:1/metrics?key=1', { onNoData: 'fail' })
  expect(figure).toMatchObject({ status: 'fail', query: 'http://127.0.0.1:1/metrics' })
  expect(figure?.note).not.toContain('secret')
})
