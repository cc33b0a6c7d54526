import { Interruption } from '@headgate/core'

/** Time in which a training is ended; runners kill a cancelled job within it. */
const patienceMs = 10_000

/**
 * A signal that is aborted, with an `Interruption`, once the process is asked to end. Who asks again at once does not
 * cut off what is being ended; who still has to ask after a while ends the process as it is.
 */
export function interruptionSignal(): AbortSignal {
  const controller = new AbortController()
  const names = ['SIGINT', 'SIGTERM'] as const
  const interrupt = (name: (typeof names)[number]): void => {
    if (controller.signal.aborted) return
    setTimeout(letGo, patienceMs).unref()
    controller.abort(new Interruption(name))
  }
  const letGo = (): void => {
    for (const name of names) process.off(name, interrupt)
  }
  for (const name of names) process.on(name, interrupt)
  return controller.signal
}
