import type { MissingShare, Status } from '@headgate/core'
import type { Declared } from './side.ts'

/** Why a column is not compared. */
export interface Obstacle {
  readonly reason: string
  readonly status: Status
}

/** What the reference has of a column, as far as it decides whether the column can be compared. */
export interface Kept {
  /** Rows with a value. */
  readonly present: number
  /** Distinct texts; `null` for other values, and where a profile does not know. */
  readonly texts: number | null
}

/** Why a column of this type is not compared, whatever it holds. */
export function obstacleOfType({ name, family }: Declared): Obstacle | undefined {
  if (family === 'time') return { reason: 'Times are not compared: they always move on.', status: 'pass' }
  if (family !== 'other') return undefined
  const reason = `No test compares values of this type; leave it out with \`exclude: [${name}]\`.`
  return { reason, status: 'inconclusive' }
}

/** Why a column is not compared, seen what the reference has of it. */
export function obstacleIn({ name }: Declared, { present, texts }: Kept): Obstacle | undefined {
  if (present === 0) return { reason: 'The reference has no value in it.', status: 'inconclusive' }
  // Evidently takes a text column for free text when more than half of its values are distinct.
  if (texts === null || texts <= present / 2) return undefined
  const reason = `More than half of its texts are distinct: names or free text, which no test here compares. Name it as \`id\`, or leave it out with \`exclude: [${name}]\`.`
  return { reason, status: 'inconclusive' }
}

/** What current data has lost of a column, so that nothing can be compared. */
export function lossOf(
  reference: Declared,
  current: Declared | undefined,
  missingShare: MissingShare,
): string | undefined {
  if (current === undefined) return 'Current data has no such column.'
  // Before its type: without a value, a text file's column has none.
  if (missingShare.current === null || missingShare.current === 1) return 'Current data has no value in it.'
  if (reference.family === current.family) return undefined
  return `Its type changed from ${reference.type} to ${current.type}.`
}
