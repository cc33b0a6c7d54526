import type { Context } from '@headgate/core'
import type { Cache, Log } from '@headgate/runners'
import type { Executor } from './executors/port.ts'

/** What a training needs of its surroundings. */
export interface Ports {
  readonly executor: Executor
  readonly cache: Cache | undefined
  readonly log: Log
  /** Absolute path of the work tree. */
  readonly workspace: string
  /** Absolute path of a folder that goes away with the job. */
  readonly temporary: string
  /** Head commit; empty outside a Git work tree. */
  readonly commit: string
  readonly event: Context['event']
  readonly labels: readonly string[]
  /** What the command inherits. */
  readonly environment: Readonly<Record<string, string>>
  /** Hidden in all that the command prints. */
  readonly secrets: readonly string[]
  readonly signal: AbortSignal
  readonly now: () => Date
}
