import type { BaseBranch } from '@headgate/base-branch'
import type { HeaderOf, Profile } from '@headgate/core'
import type { Log } from '@headgate/runners'
import type { Engine } from '@headgate/tables'

/** What a validation needs of its surroundings. */
export interface Ports {
  readonly openEngine: () => Promise<Engine>
  /** Absolute path of the work tree. */
  readonly workspace: string
  /** The base branch of a pull request, whose contract holds. */
  readonly base: BaseBranch | undefined
  /** Keeps the profile beside the validation. */
  readonly writeProfile: (profile: Profile, inputs: HeaderOf<'profile'>['inputs']) => Promise<void>
  readonly log: Log
  readonly now: () => Date
}
