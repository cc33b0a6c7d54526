import { setTimeout as sleep } from 'node:timers/promises'
import { Refusal } from '@headgate/core'
import type { Instance, Target } from './targets/port.ts'

const answerTimeoutMs = 5000

/**
 * Waits until an instance answers its health path with 2xx.
 * @returns what was seen.
 * @throws Refusal, with the last lines of its log, when it ends or the time is over.
 */
export async function waitForHealth(
  target: Target,
  instance: Instance,
  path: string,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<string> {
  const started = Date.now()
  let last = 'no answer yet'
  while (Date.now() - started < timeoutMs) {
    signal.throwIfAborted()
    const answer = await ask(target, instance, path)
    if (answer === 'healthy') return `${path} answered 2xx after ${((Date.now() - started) / 1000).toFixed(1)} s.`
    last = answer
    if (!(await target.isAlive(instance))) throw await unhealthy(target, instance, `ended by itself (${last})`)
    await sleep(100)
  }
  throw await unhealthy(target, instance, `did not become healthy in ${timeoutMs / 1000} s (${path}: ${last})`)
}

/** `healthy`, or what was seen instead. */
export async function ask(target: Pick<Target, 'send'>, to: Instance | 'traffic', path: string): Promise<string> {
  try {
    const response = await target.send(to, path, { signal: AbortSignal.timeout(answerTimeoutMs), redirect: 'manual' })
    await response.body?.cancel()
    return response.ok ? 'healthy' : `status ${response.status}`
  } catch (error) {
    return error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error)
  }
}

async function unhealthy(target: Target, instance: Instance, what: string): Promise<Refusal> {
  const lines = await target.log(instance)
  const log = lines.length === 0 ? 'It printed nothing.' : `Its last lines:\n${lines.join('\n')}`
  return new Refusal(`Version ${instance.version} ${what}. ${log}`)
}
