import type { Context } from '@headgate/core'
import type { Ledger } from '@headgate/ledger'
import type { Registry } from '@headgate/registries'
import type { Log } from '@headgate/runners'
import type { Store } from '@headgate/stores'

/** What a registration needs of its surroundings. */
export interface Ports {
  readonly registry: Registry
  readonly store: Store
  readonly ledger: Ledger
  readonly log: Log
  /** Absolute path of the work tree. */
  readonly workspace: string
  readonly context: Pick<Context, 'event' | 'commit' | 'actor' | 'run'>
}
