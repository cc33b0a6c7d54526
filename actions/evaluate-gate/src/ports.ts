import type { BaseBranch } from '@headgate/base-branch'
import type { Model } from '@headgate/core'
import type { GateSettings } from '@headgate/gate'
import type { Log } from '@headgate/runners'

/**
 * The versions of the model. Every method throws `OutsideError` when the registry, ledger or store cannot be
 * reached: that is never the same as "none".
 */
export interface Versions {
  find(wanted: { readonly alias: string } | { readonly version: string }): Promise<Model | undefined>
  /** All versions, oldest first. */
  list(): Promise<readonly string[]>
  /** Whether the ledger has a promotion of this model. */
  wasPromoted(): Promise<boolean>
  /** Brings a version's files, verified by their digests. */
  fetchModel(model: Model, into: string): Promise<void>
  /** Brings some of what is kept beside a version, verified by their digests. */
  fetchAttachments(model: Model, paths: readonly string[], into: string): Promise<void>
}

export interface Ports {
  readonly log: Pick<Log, 'info' | 'notice' | 'warning'>
  /** Absolute path of the work tree. */
  readonly workspace: string
  /** Absolute path of a folder that goes away with the job. */
  readonly temporary: string
  /** Those of the settings that hold, which on a pull request are the base's; opened only when one is asked for. */
  readonly versions: (settings: GateSettings) => Promise<Versions>
  /** What a pull request or a merge queue is for, and so decides; `undefined` elsewhere. */
  readonly base: BaseBranch | undefined
  /** Whether Git tracks a file of the work tree. */
  readonly isTracked: (path: string) => Promise<boolean>
  /** Runs the user's command to its end. @throws UserError when it fails. */
  readonly command: (argv: readonly string[], variables: Readonly<Record<string, string>>) => Promise<void>
}
