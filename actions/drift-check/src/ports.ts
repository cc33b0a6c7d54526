import type { Context, Profile } from '@headgate/core'
import type { Forge } from '@headgate/forges'
import type { Ledger } from '@headgate/ledger'
import type { Log } from '@headgate/runners'
import type { Engine } from '@headgate/tables'

/** What was kept with the model in production. */
export interface Champion {
  readonly version: string
  readonly profile: Profile
}

/** What a drift check needs of its surroundings. */
export interface Ports {
  /** Absolute path of the work tree. */
  readonly workspace: string
  readonly engine: () => Promise<Engine>
  /** @throws UserError when there is none, or no profile is kept with it. */
  readonly champion: () => Promise<Champion>
  /** `undefined` outside a Git work tree. */
  readonly ledger: Ledger | undefined
  /** `undefined` where the run knows no forge, or has no token for it. */
  readonly forge: Pick<Forge, 'dispatch' | 'runState'> | undefined
  readonly context: Context
  readonly log: Log
  readonly signal: AbortSignal
  readonly now: () => Date
}
