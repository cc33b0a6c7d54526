import { constants } from 'node:os'
import type { Container } from '@headgate/systems/docker'
import type { JobStatus } from '../port.ts'

/** The engine’s own code for a container that was found dead when the daemon came back. */
const lostCode = 255

const running: ReadonlySet<string> = new Set(['running', 'paused', 'restarting', 'stopping'])

/** A container that could not be started stays `created`, with an error. */
export function stateOf({ status, exitCode, error }: Container['state']): JobStatus['state'] {
  if (running.has(status)) return 'running'
  if (status === 'created' || status === 'initialized' || status === 'configured') return error ? 'failed' : 'waiting'
  return exitCode === 0 && (status === 'exited' || status === 'stopped') ? 'succeeded' : 'failed'
}

/** What a container’s state means for its job. */
export function statusOf(container: Container['state']): JobStatus {
  const state = stateOf(container)
  if (state === 'waiting' || state === 'running') return { state, exitCode: null }
  const { exitCode, outOfMemory, error, status } = container
  if (state === 'succeeded') return { state, exitCode }
  if (outOfMemory) return { state, exitCode, cause: 'memory', message: 'the kernel ended it (OOMKilled)' }
  if (status === 'created') return { state, exitCode: null, cause: 'start', message: error }
  if (status === 'dead') return { state, exitCode: null, cause: 'lost', message: 'the container is dead' }
  if (exitCode === lostCode)
    return { state, exitCode, cause: 'lost', message: 'the daemon ended, or the command ended with exit code 255' }
  const signal = exitCode > 128 ? signalName(exitCode - 128) : undefined
  return signal ? { state, exitCode: null, cause: 'signal', message: signal } : { state, exitCode }
}

/** As shells and engines tell a signal: by its number above 128. */
function signalName(number: number): string | undefined {
  return Object.entries(constants.signals).find(([, value]) => value === number)?.[0]
}

/** A container that is not there any more. */
export const lost: JobStatus = {
  state: 'failed',
  exitCode: null,
  cause: 'lost',
  message: 'its container is gone',
}
