import { setTimeout } from 'node:timers/promises'
import { OutsideError } from '@headgate/core'
import { isUnsent } from './effect.ts'
import { limitWait } from './limit.ts'
import { Rejection } from './rejection.ts'

export interface Patience {
  /** Waits before the retries, in milliseconds. */
  readonly delays: readonly number[]
  readonly wait: (milliseconds: number) => Promise<void>
  /** In milliseconds. */
  readonly now: () => number
}

export const usualPatience: Patience = {
  delays: [500, 2_000, 6_000],
  wait: (milliseconds) => setTimeout(milliseconds),
  now: Date.now,
}

const longestWait = 60_000

/** What a request throws: with a response where the forge answered. */
export interface FailedCall extends Error {
  readonly status?: number
  readonly response?: { readonly headers?: Readonly<Record<string, string | undefined>> }
}

/**
 * Repeats what may do better later: no answer, a server's error, a rate limit.
 * @param once whether a second request could do the thing twice: sent again only if the first surely had no effect
 * @throws Rejection for what the forge refuses; OutsideError when the patience ends.
 */
export async function retried<T>(what: string, patience: Patience, once: boolean, work: () => Promise<T>): Promise<T> {
  const { delays, wait, now } = patience
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await work()
    } catch (thrown) {
      if (thrown instanceof OutsideError) throw thrown
      const error = thrown as FailedCall
      const limit = limitWait(error, now())
      if (limit === undefined && isFinal(error)) throw new Rejection(error.status ?? 0, `${what}: ${error.message}`)
      if (once && limit === undefined && !isUnsent(error)) throw unknownEffect(what, error)
      if (limit !== undefined && limit > longestWait) throw limited(what, error, now() + limit)
      const delay = delays[attempt]
      if (delay === undefined) throw gaveUp(what, attempt + 1, error)
      await wait(Math.max(delay, limit ?? 0))
    }
  }
}

function isFinal({ status, response }: FailedCall): boolean {
  return response !== undefined && status !== undefined && status < 500 && status !== 408
}

function answerText({ status, message, response }: FailedCall): string {
  return response === undefined ? `The forge did not answer: ${message}.` : `The forge answered ${status}: ${message}.`
}

function unknownEffect(what: string, error: FailedCall): OutsideError {
  return new OutsideError(
    {
      tried: `${what} was called once.`,
      state: `${answerText(error)} Whether it took effect is not known.`,
      next: 'Look there before you run this again.',
    },
    { cause: error },
  )
}

function limited(what: string, error: FailedCall, end: number): OutsideError {
  const time = new Date(end).toISOString().slice(11, 16)
  return new OutsideError(
    {
      tried: `${what} was called.`,
      state: `${answerText(error)} It is a rate limit.`,
      next: `Run the job again after ${time} UTC; a second run repeats nothing that was done.`,
    },
    { cause: error },
  )
}

function gaveUp(what: string, attempts: number, error: FailedCall): OutsideError {
  return new OutsideError(
    {
      tried: `${what} was called ${attempts} times.`,
      state: answerText(error),
      next: 'Run the job again when the forge is well; a second run repeats nothing that was done.',
    },
    { cause: error },
  )
}
