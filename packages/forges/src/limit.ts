import type { FailedCall } from './retries.ts'

const minute = 60_000

/**
 * How long a rate limit asks to wait, in milliseconds; `undefined` for any other failure. After GitHub's "Rate limits
 * for the REST API": `retry-after`, else the reset where nothing remains, else at least a minute. A secondary limit may
 * come as a 403 that says so in words only, and is then no missing right.
 */
export function limitWait({ status, message, response }: FailedCall, now: number): number | undefined {
  if (status !== 403 && status !== 429) return undefined
  const { 'retry-after': after, 'x-ratelimit-remaining': left, 'x-ratelimit-reset': reset } = response?.headers ?? {}
  if (after !== undefined) return positive(/^\d+$/.test(after) ? Number(after) * 1000 : Date.parse(after) - now)
  if (left === '0') return positive(Number(reset) * 1000 - now)
  return status === 429 || /secondary rate limit|abuse detection/i.test(message) ? minute : undefined
}

function positive(wait: number): number {
  return Number.isNaN(wait) ? minute : Math.max(0, wait)
}
