import type { Context, Deployment, Model, RunPlace } from '@headgate/core'
import type { Ledger } from '@headgate/ledger'
import type { Registry } from '@headgate/registries'
import type { Log } from '@headgate/runners'
import type { Target } from './targets/port.ts'

/** What a deployment needs of its surroundings. */
export interface Ports {
  readonly target: Target
  readonly registry: Pick<Registry, 'resolve' | 'promote'>
  readonly ledger: Pick<Ledger, 'read' | 'update'>
  /** Downloads a version's files into a folder, each verified by its digest. */
  readonly download: (model: Model, into: string) => Promise<void>
  /** The text of the evaluation that is kept with a version; `undefined` when it is not at hand. */
  readonly evaluation: (model: Model) => Promise<string | undefined>
  /** Keeps what is known so far as `deployment.json`, so that a run that is killed leaves its account. */
  readonly record: (body: Deployment) => Promise<void>
  readonly log: Log
  /** Absolute path of the work tree. */
  readonly workspace: string
  readonly context: RunPlace & Pick<Context, 'ephemeral' | 'commit' | 'actor' | 'run'>
  readonly signal: AbortSignal
  readonly now: () => Date
}
