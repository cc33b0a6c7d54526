import type { Model } from '@headgate/core'

export const bumps = ['major', 'minor', 'patch'] as const
export type Bump = (typeof bumps)[number]

/** A model to be registered: its record without what the registry adds. */
export interface Registration extends Omit<Model, 'version' | 'aliases' | 'registry'> {
  /** Which part of the highest version so far is raised. */
  readonly bump: Bump
  /** The commit that the version is of. */
  readonly commit: string
}

/** Which version is meant: by its number, or by an alias that it carries now. */
export type Wanted = { readonly version: string } | { readonly alias: string }

export interface Promotion {
  readonly name: string
  readonly version: string
  readonly alias: string
  /** Who must carry the alias now, `null` for nobody; left out where it does not matter. */
  readonly expected?: string | null | undefined
  readonly reason: string
  /** The ledger's head, kept here so that a rewritten ledger is noticed. */
  readonly ledgerHead?: string | null | undefined
}

/** One time that an alias was given to a version, or taken from it. */
export interface Assignment {
  readonly alias: string
  readonly version: string
  readonly isAssigned: boolean
  readonly at: Date
  readonly actor: string
  /** Who carried the alias before, as far as it was recorded. */
  readonly previous: string | null
  readonly reason: string | null
  readonly ledgerHead: string | null
  /** The tag, or id, that says so. */
  readonly reference: string
}

/**
 * Which versions of a model there are, and what they are called. Nothing that was registered is changed later; an
 * alias moves by one more assignment. Every method throws `OutsideError` when the registry cannot be reached: that is
 * never the same as holding nothing.
 */
export interface Registry {
  readonly kind: string
  readonly location: string
  /** @throws UserError when there is such a version without a record that can be read. */
  resolve(name: string, wanted: Wanted): Promise<Model | undefined>
  /** All versions that can be read, lowest first. */
  versions(name: string): Promise<readonly Model[]>
  /** What `register` would do now. Writes nothing. */
  plan(registration: Registration): Promise<Registered>
  /** Registers under the next free version; content that is registered for the same training key keeps its version. */
  register(registration: Registration): Promise<Registered>
  /**
   * Gives an alias to a version, if it is still where it was expected.
   * @throws Refusal when it moved.
   */
  promote(promotion: Promotion): Promise<Promoted>
  /** Oldest first. */
  history(name: string): Promise<readonly Assignment[]>
}

export interface Registered {
  readonly model: Model
  /** Whether this is a new version, or one that was there. */
  readonly isNew: boolean
}

export interface Promoted {
  /** Who carried the alias before. */
  readonly previous: string | null
  /** Whether it moved, or was there already. */
  readonly isMoved: boolean
  readonly reference: string | null
}
