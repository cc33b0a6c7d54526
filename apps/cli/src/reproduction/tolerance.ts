import type { Reproduction } from '@headgate/core'
import { UserError } from '@headgate/core'

export type Tolerance = Reproduction['tolerance']

/**
 * Threads and GPUs add up in any order, and another machine rounds its last digits differently; what is further away
 * than this is another model.
 */
export const defaultTolerance = '0.0001+0.1%'

const number = String.raw`(\d+(?:\.\d+)?(?:e[+-]?\d+)?)`
const pattern = new RegExp(`^(?:${number}|${number}%|${number}\\+${number}%)$`, 'i')

/**
 * Reads `0.001` (absolute), `0.1%` (of what the value was), or both as `0.001+0.1%`.
 * @throws UserError for anything else.
 */
export function readTolerance(text: string): Tolerance {
  const [, absolute, relative, one, other] = pattern.exec(text.replaceAll(' ', '')) ?? []
  const found = { absolute: Number(absolute ?? one ?? 0), relative: Number(relative ?? other ?? 0) / 100 }
  const isRead = [absolute, relative, one].some((part) => part !== undefined)
  if (isRead && Number.isFinite(found.absolute) && Number.isFinite(found.relative)) return found
  throw new UserError({
    what: `--tolerance: ${JSON.stringify(text)} is no tolerance.`,
    fix: 'Say `0.001`, `0.1%` of what the value was, or both as `0.001+0.1%`.',
  })
}

/** How far a value may lie from what it was. */
export function allowedOf({ absolute, relative }: Tolerance, was: number): number {
  return absolute + relative * Math.abs(was)
}
