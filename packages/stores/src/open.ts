import type { Context, Model } from '@headgate/core'
import { forgeUrlOf, nearest, refuseUnset, UserError } from '@headgate/core'
import type { Forge } from '@headgate/forges'
import { git } from '@headgate/systems'
import type { Store } from './port.ts'

export interface StoreOptions {
  /** The work tree, which a relative folder is relative to. */
  readonly workspace: string
  readonly forge?: Forge | undefined
  /** The repository's address on the forge. */
  readonly forgeUrl?: string | undefined
  /** Whether the machine goes away with the job. */
  readonly ephemeral: boolean
  /** Files above this many bytes are split, where the store has a limit. */
  readonly partBytes?: number | undefined
}

/** With what a store is opened where a stage runs. */
export function storeOptionsOf(
  { workspace, context }: { readonly workspace: string; readonly context: Context },
  forge: Forge | undefined,
): StoreOptions {
  return { workspace, forge, forgeUrl: forgeUrlOf(context), ephemeral: context.ephemeral }
}

const adapters: Readonly<Record<string, () => Promise<(location: string, options: StoreOptions) => Store>>> = {
  directory: async () => (await import('./directory/store.ts')).directoryStore,
  release: async () => (await import('./release/store.ts')).releaseStore,
}

/** Where models are kept without a forge: in the clone's Git folder, which neither `git clean` nor a commit reaches. */
async function laptopStore(workspace: string): Promise<string> {
  return `directory:${await git.run(workspace, ['rev-parse', '--git-common-dir'])}/headgate/store`
}

/**
 * Opens a store by its setting, `kind[:location]`. Without one: release assets where there is a forge, else a
 * directory in the clone's Git folder.
 * @throws UserError for an unknown kind, or one that cannot be used here.
 */
export async function openStore(spec: string | undefined, options: StoreOptions): Promise<Store> {
  const given = spec && refuseUnset('store', spec)
  const chosen = given ?? (options.forge || options.ephemeral ? 'release' : await laptopStore(options.workspace))
  const colon = chosen.indexOf(':')
  const kind = colon < 0 ? chosen : chosen.slice(0, colon)
  const open = adapters[kind]
  if (open === undefined) throw unknownKind(kind)
  return (await open())(colon < 0 ? '' : chosen.slice(colon + 1), options)
}

/** Opens the store that a model's record names. */
export function openStoreOf(model: Pick<Model, 'store'>, options: StoreOptions): Promise<Store> {
  return openStore(`${model.store.kind}:${model.store.location}`, options)
}

function unknownKind(kind: string): UserError {
  const known = Object.keys(adapters)
  const near = nearest(kind, known)
  return new UserError({
    what: `there is no store "${kind}"${near ? `; did you mean "${near}"?` : '.'}`,
    fix: `Known: ${known.join(', ')}, each with \`:location\` where it needs one.`,
  })
}
