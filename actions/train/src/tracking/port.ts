import type { Digest, File, Training } from '@headgate/core'
import type { Params } from '../params.ts'
import type { Owner } from './owner.ts'

export const trackingKinds = ['mlflow'] as const
export type TrackingKind = (typeof trackingKinds)[number]

/** Data that a run uses. */
interface UsedData {
  readonly path: string
  readonly digest: Digest
  /** What for. */
  readonly context: 'training' | 'test'
}

/** A run at its beginning. */
export interface Beginning {
  readonly runId: string
  readonly model: string
  readonly key: Digest
  readonly commit: string
  /** The command as a person would read it. */
  readonly command: string
  readonly startedAt: Date
  readonly data: readonly UsedData[]
  readonly owner: Owner
}

export type RunEnd = 'finished' | 'failed' | 'killed'

/** What a run left when it ended. */
export interface Left {
  readonly end: RunEnd
  readonly endedAt: Date
  readonly params: Params
  readonly metrics: Training['metrics']
  /** Absolute path of the folder that `artifacts` lie in. */
  readonly output: string
  readonly artifacts: readonly File[]
  /** Of the folder `model/` as a tree; `null` when none is left. */
  readonly modelDigest: Digest | null
  /** Why it failed. */
  readonly error: string | undefined
}

/**
 * A tracking server. Every method throws `OutsideError` while it cannot be reached and `UserError` for what only the
 * user can mend, unless it says otherwise.
 */
export interface Tracking {
  /** Credentials, to be hidden in all that the command prints. */
  readonly secrets: readonly string[]
  /**
   * Opens the run with this id, or finds it where it is open already. What is there of earlier attempts at the same
   * training, of which `isGone` says that nobody carries them on, is cleared away.
   */
  open(beginning: Beginning, isGone: (owner: Owner) => Promise<boolean>): Promise<TrackedRun>
  /** The run with this id; `undefined` when there is none. */
  find(runId: string): Promise<TrackedRun | undefined>
  /** Called when all is over: a run whose document (its id, and the digest of its file) was written is settled. */
  close(written: { readonly runId: string; readonly digest: Digest } | undefined): Promise<void>
}

/** A run that is open at a tracking server. */
export interface TrackedRun {
  readonly reference: Omit<NonNullable<Training['tracking']>, 'notLogged'>
  /** What lets the command's own logging land in this run. */
  readonly variables: Readonly<Record<string, string>>
  /**
   * Logs what the run left, and closes it as it ended.
   * @returns what could not be logged, and why: it throws nothing but the reason of an interruption.
   */
  finish(left: Left): Promise<readonly string[]>
  /** Closes it without anything, unless it was closed with what it left. Tries once, and throws nothing. */
  end(how: RunEnd): Promise<void>
  /** Takes it back: it was opened for nothing. */
  discard(): Promise<void>
}
