import { Interruption } from '@headgate/core'

/** A signal that is aborted, with an `Interruption`, once the process is asked to end. */
export function interruptionSignal(): AbortSignal {
  const controller = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.once(name, () => controller.abort(new Interruption(name)))
  }
  return controller.signal
}
