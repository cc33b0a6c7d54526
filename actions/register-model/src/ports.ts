import type { Context, Model, RunPlace } from '@headgate/core'
import type { GateSettings } from '@headgate/gate'
import type { Ledger } from '@headgate/ledger'
import type { Registry } from '@headgate/registries'
import type { Log } from '@headgate/runners'
import type { Store } from '@headgate/stores'

/** What a registration needs of its surroundings. */
export interface Ports {
  readonly registry: Registry
  readonly store: Store
  readonly ledger: Ledger
  /** The gate's block in this checkout's settings, by which the verdict is recomputed. */
  readonly gate: () => Promise<GateSettings>
  /** Brings some of what is kept beside a version, verified by their digests. */
  readonly fetchAttachments: (model: Model, paths: readonly string[], into: string) => Promise<void>
  readonly log: Log
  /** Absolute path of the work tree. */
  readonly workspace: string
  /** Absolute path of a folder that goes away with the job. */
  readonly temporary: string
  readonly context: RunPlace & Pick<Context, 'commit' | 'actor' | 'run'>
}
