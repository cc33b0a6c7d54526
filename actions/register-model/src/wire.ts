import type { Context } from '@headgate/core'
import { announcer, forgeOf } from '@headgate/forges'
import { openLedger } from '@headgate/ledger'
import { openRegistry } from '@headgate/registries'
import type { Wire } from '@headgate/runners'
import { openStore } from '@headgate/stores'
import type { git } from '@headgate/systems'
import type { Ports } from './ports.ts'
import type { stage } from './stage.ts'

/** Chooses the registry, the store and the ledger. */
export const wire: Wire<typeof stage, Ports> = async (settings, runner) => {
  const { workspace, context, now, log } = runner
  const { ref, remote } = settings.ledger
  const forge = await forgeOf(context.forge)
  const clone = { directory: workspace, remote, token: tokenOf(context), now }
  const storeOptions = { workspace, forge, forgeUrl: forgeUrlOf(context), ephemeral: context.ephemeral }
  return {
    ports: {
      registry: await openRegistry(settings.registry, clone),
      store: await openStore(settings.store, storeOptions),
      ledger: await openLedger({ ...clone, ref }),
      log,
      workspace,
      context,
    },
    announce: announcer({ forge, context }),
  }
}

function forgeUrlOf({ forge }: Context): string | undefined {
  return forge && `${forge.serverUrl.replace(/\/*$/, '')}/${forge.repository}`
}

function tokenOf({ forge }: Context): git.GitToken | undefined {
  return forge?.token === undefined ? undefined : { server: forge.serverUrl, token: forge.token }
}
