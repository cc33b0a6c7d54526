import type { ForgeLocation } from '@headgate/core'
import { UserError } from '@headgate/core'
import type { Forge } from './port.ts'
import type { RestOptions } from './rest.ts'

const adapters: Readonly<Record<string, () => Promise<(location: ForgeLocation, options?: RestOptions) => Forge>>> = {
  github: async () => (await import('./github/forge.ts')).githubForge,
  gitea: async () => (await import('./gitea/forge.ts')).giteaForge,
}

/**
 * The forge at this place.
 * @throws UserError for a forge that this release does not speak to, and without a token.
 */
export async function forgeFor(location: ForgeLocation, options?: RestOptions): Promise<Forge> {
  const open = adapters[location.kind]
  if (open === undefined) throw new UserError({ what: `this release does not speak to ${location.kind} yet.` })
  return (await open())(location, options)
}

/** The forge of this run, or `undefined` where there is none or no token for it. */
export async function forgeOf(location: ForgeLocation | undefined): Promise<Forge | undefined> {
  return location?.token ? forgeFor(location) : undefined
}
