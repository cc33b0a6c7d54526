import type { ProcessResult } from '@headgate/systems'

/** A training to run: the user's command with its environment, wherever the executor takes it. */
export interface Job {
  readonly argv: readonly string[]
  /** Absolute path of the folder to run in. */
  readonly folder: string
  readonly environment: Readonly<Record<string, string>>
  readonly secrets: readonly string[]
  readonly timeoutMs: number | undefined
  readonly memoryBytes: number | undefined
  readonly signal: AbortSignal
  readonly onLine: (line: string) => void
}

export type Ended = Omit<ProcessResult, 'durationMs'>

/** Where training runs. */
export interface Executor {
  readonly name: string
  /** How another process finds the running job; `null` where it cannot. */
  readonly handle: string | null
  /**
   * Runs the job to its end, whatever that is.
   * @throws UserError when it cannot be started; the signal's reason when cancelled, with nothing left running.
   */
  run(job: Job): Promise<Ended>
}
