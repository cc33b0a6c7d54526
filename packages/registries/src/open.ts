import { nearest, refuseUnset, UserError } from '@headgate/core'
import type { git } from '@headgate/systems'
import type { Registry } from './port.ts'

export interface RegistryOptions {
  /** A folder in the clone. */
  readonly directory: string
  /** The Git remote that holds the tags; `origin` by default, the clone itself where it has none of that name. */
  readonly remote?: string | undefined
  readonly token?: git.GitToken | undefined
  readonly now: () => Date
}

const adapters: Readonly<Record<string, () => Promise<(options: RegistryOptions) => Promise<Registry>>>> = {
  git: async () => (await import('./git/registry.ts')).gitRegistry,
}

/**
 * Opens a registry by its setting.
 * @throws UserError for a kind that this release does not know.
 */
export async function openRegistry(spec: string, options: RegistryOptions): Promise<Registry> {
  refuseUnset('ledger', options.remote ?? '')
  const open = adapters[refuseUnset('registry', spec)]
  if (open !== undefined) return (await open())(options)
  const near = nearest(spec, Object.keys(adapters))
  throw new UserError({
    what: `there is no registry "${spec}"${near ? `; did you mean "${near}"?` : '.'}`,
    fix: `Known: ${Object.keys(adapters).join(', ')}.`,
  })
}
