// GitHub, "Rate limits for the REST API": wait as `retry-after` says, else until `x-ratelimit-reset` where nothing
// remains, else at least a minute.
import { OutsideError } from '@headgate/core'
import { type Fault, type ForgeTwin, misfits, startForge } from '@headgate/testkit'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Forge, forgeFor } from './index.ts'

let twin: ForgeTwin
let waits: number[]
const now = Date.parse('2026-03-01T12:00:00Z')

beforeEach(async () => {
  twin = await startForge()
  waits = []
})
afterEach(async () => {
  await twin.close()
  expect(misfits(twin.calls)).toEqual([])
})

const open = (): Promise<Forge> =>
  forgeFor(
    { kind: 'github', apiUrl: twin.url, serverUrl: twin.url, repository: 'o/r', token: 'secret' },
    { delays: [500, 2_000, 6_000], now: () => now, wait: async (time) => void waits.push(time) },
  )
const secondary = 'You have exceeded a secondary rate limit. Please wait a few minutes before you try again.'
const reset = (seconds: number) => ({ 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(now / 1000 + seconds) })

test.each<[string, Omit<Fault, 'times'>, number]>([
  ['403 that says when', { status: 403, headers: { 'retry-after': '7' } }, 7_000],
  ['403 that says when as a date', { status: 403, headers: { 'retry-after': 'Sun, 01 Mar 2026 12:00:09 GMT' } }, 9_000],
  ['403 with nothing left', { status: 403, headers: reset(30) }, 30_000],
  ['403 with nothing left until a moment ago', { status: 403, headers: reset(-1) }, 500],
  ['403 that only says it in words', { status: 403, message: secondary }, 60_000],
  ['403 of an older server', { status: 403, message: 'You have triggered an abuse detection mechanism.' }, 60_000],
  ['429 that says nothing', { status: 429 }, 60_000],
  ['429 that says when', { status: 429, headers: { 'retry-after': '2' } }, 2_000],
])('a %s is waited out', async (_name, fault, wait) => {
  twin.faults = [{ ...fault, method: 'POST', path: /comments$/, times: 1 }]
  expect((await (await open()).upsertComment(7, '<!-- m -->', 'one')).action).toBe('created')
  expect(waits).toEqual([wait])
})

test('a limit that lasts longer than a job should wait is told with its end, and is no missing right', async () => {
  twin.faults = [{ status: 403, message: 'API rate limit exceeded for installation.', headers: reset(1_500) }]
  const writing = (await open()).upsertComment(7, '<!-- m -->', 'one')
  await expect(writing).rejects.toBeInstanceOf(OutsideError)
  await expect(writing).rejects.toMatchObject({ next: expect.stringContaining('12:25 UTC') })
  expect(waits).toEqual([])
})

test('a 403 for want of a right is not waited for', async () => {
  twin.faults = [{ status: 403, method: 'POST', path: /comments$/ }]
  await expect((await open()).upsertComment(7, '<!-- m -->', 'one')).rejects.toMatchObject({ status: 403 })
  expect(waits).toEqual([])
})

test('a dispatch that a limit held back is sent again: it had no effect', async () => {
  twin.faults = [{ status: 403, message: secondary, method: 'POST', times: 1 }]
  await (await open()).dispatch('retrain.yml', 'main', {})
  expect([twin.dispatches.length, waits]).toEqual([1, [60_000]])
})

test('who does not answer at all is said to not answer', async () => {
  const forge = await open()
  await twin.close()
  const asking = forge.findRelease('churn@v1.0.0')
  await expect(asking).rejects.toMatchObject({ state: expect.stringMatching(/did not answer.*ECONNREFUSED/) })
  expect(waits).toEqual([500, 2_000, 6_000])
})
