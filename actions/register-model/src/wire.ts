import type { Model } from '@headgate/core'
import { gitTokenOf } from '@headgate/core'
import { announcer, forgeOf } from '@headgate/forges'
import { loadGateBlock } from '@headgate/gate'
import { openLedger } from '@headgate/ledger'
import { downloadAttachments, headsKeptBy, openRegistry } from '@headgate/registries'
import { settingsSource, type Wire } from '@headgate/runners'
import { openStore, openStoreOf, storeOptionsOf } from '@headgate/stores'
import type { Ports } from './ports.ts'
import type { stage } from './stage.ts'

/** Chooses the registry, the store and the ledger. */
export const wire: Wire<typeof stage, Ports> = async (settings, runner) => {
  const { workspace, context, now, log } = runner
  const { ref, remote } = settings.ledger
  const forge = await forgeOf(context.forge)
  const clone = { directory: workspace, remote, token: gitTokenOf(context), now }
  const storeOptions = storeOptionsOf(runner, forge)
  const registry = await openRegistry(settings.registry, clone)
  const store = await openStore(settings.store, storeOptions)
  const storeOf = async (model: Model) => (settings.store === undefined ? openStoreOf(model, storeOptions) : store)
  return {
    ports: {
      registry,
      store,
      ledger: await openLedger({ ...clone, ref, keptHeads: headsKeptBy(async () => registry) }),
      gate: () => loadGateBlock(settings.model, settingsSource(runner)),
      fetchAttachments: async (model, paths, into) => {
        await downloadAttachments(await storeOf(model), model, (path) => paths.includes(path), into)
      },
      log,
      workspace,
      temporary: runner.temporary,
      context,
    },
    openStore: async () => store,
    announce: announcer({ forge, context }),
  }
}
