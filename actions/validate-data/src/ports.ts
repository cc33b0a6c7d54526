import type { HeaderOf, Profile } from '@headgate/core'
import type { Log } from '@headgate/runners'
import type { Engine } from '@headgate/tables'

/** What a validation needs of its surroundings. */
export interface Ports {
  readonly openEngine: () => Promise<Engine>
  /** Absolute path of the work tree. */
  readonly workspace: string
  /** The base branch of a pull request, whose contract holds. */
  readonly base: Base | undefined
  /** Keeps the profile beside the validation. */
  readonly writeProfile: (profile: Profile, inputs: HeaderOf<'profile'>['inputs']) => Promise<void>
  readonly log: Log
  readonly now: () => Date
}

export interface Base {
  readonly ref: string
  /** The text of a file there, or `undefined` when that branch has none. */
  readonly read: (path: string) => Promise<string | undefined>
}
