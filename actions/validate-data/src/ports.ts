import type { BaseBlock, BaseBranch } from '@headgate/base-branch'
import type { FailOn, HeaderOf, Profile } from '@headgate/core'
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

export interface Base extends BaseBranch {
  /** What decides there; why nothing does, where that branch describes no such model or cannot be understood. */
  settings(): Promise<BaseBlock<{ readonly contract?: string | undefined; readonly failOn: FailOn }>>
}
