import { Rejection } from './rejection.ts'

/**
 * Whether a call that failed surely changed nothing on the forge: it was refused, asked to come later, or never sent.
 * After any other failure it may have taken effect.
 */
export function hadNoEffect(error: unknown): boolean {
  return error instanceof Rejection || isUnsent(error) || isPutOff(error)
}

const unsent: ReadonlySet<unknown> = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'UND_ERR_CONNECT_TIMEOUT'])

/** Whether the request surely never reached the forge. */
export function isUnsent(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  return unsent.has((error as NodeJS.ErrnoException).code) || isUnsent(error.cause)
}

/** A rate limit that lasts too long to wait for. */
function isPutOff(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const { status } = error as { status?: unknown }
  return status === 403 || status === 429 || isPutOff(error.cause)
}
