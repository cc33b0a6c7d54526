import type { RunPlace } from '@headgate/core'
import type { Forge } from '@headgate/forges'
import type { Cache, Log } from '@headgate/runners'
import type { git } from '@headgate/systems'
import type { Executor } from './executors/port.ts'
import type { PastTraining } from './expectation.ts'
import type { Held } from './held.ts'
import type { Tracking } from './tracking/port.ts'

type RunState = Awaited<ReturnType<Forge['runState']>>

/** What a training needs of its surroundings. */
export interface Ports {
  readonly executor: Executor
  /** The tracking server; `undefined` where there is none, or it is off. */
  readonly tracking: Tracking | undefined
  readonly cache: Cache | undefined
  /** The machine that will train, in words; `null` where nothing of it is known. */
  readonly machine: string | null
  /** The trainings of this model that the ledger has, oldest first. */
  readonly pastTrainings: () => Promise<readonly PastTraining[]>
  readonly log: Log
  /** Absolute path of the work tree. */
  readonly workspace: string
  /** Absolute path of a folder for data that is downloaded: later jobs may find it again. */
  readonly downloads: string
  /** What reads the repository at its server. */
  readonly gitToken: git.GitToken | undefined
  /** Absolute path of a folder that goes away with the job. */
  readonly temporary: string
  /** Head commit; empty outside a Git work tree. */
  readonly commit: string
  readonly context: RunPlace
  /** What holds of the settings where the base branch has its word. */
  readonly held: Partial<Held>
  /** The CI run that this is; `null` outside a CI. */
  readonly ciRun: string | null
  /** Which attempt at that CI run, from 1. */
  readonly ciAttempt: number
  /** How a CI run stands, where the forge can be asked. */
  readonly runState: ((ciRun: string) => Promise<RunState>) | undefined
  readonly labels: readonly string[]
  /** What the command inherits. */
  readonly environment: Readonly<Record<string, string>>
  /** Hidden in all that the command prints. */
  readonly secrets: readonly string[]
  /** Sets outputs at once, for whoever looks while we wait. */
  readonly publish: (outputs: Readonly<Record<string, string>>) => Promise<void>
  /** Keeps for the action's post step by what a job is ended that nobody waits for any more; empty when it is over. */
  readonly keep: (handle: string) => void
  readonly signal: AbortSignal
  readonly now: () => Date
}
