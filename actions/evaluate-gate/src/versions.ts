import type { Model } from '@headgate/core'
import { gitTokenOf, registeredName } from '@headgate/core'
import type { Forge } from '@headgate/forges'
import type { GateSettings } from '@headgate/gate'
import { openLedger } from '@headgate/ledger'
import { downloadAttachments, downloadModel, headsKeptBy, openRegistry } from '@headgate/registries'
import type { Runner } from '@headgate/runners'
import type { Store } from '@headgate/stores'
import { openStore, openStoreOf, storeOptionsOf } from '@headgate/stores'
import type { Versions } from './ports.ts'

/** The versions of the model in its registry, with the bytes in its store and the promotions in its ledger. */
export async function openVersions(
  settings: GateSettings,
  runner: Runner,
  forge: Forge | undefined,
): Promise<Versions> {
  const { ledger } = settings
  const name = registeredName(settings)
  const { workspace, context, now } = runner
  const place = { directory: workspace, remote: ledger.remote, token: gitTokenOf(context), now }
  const registry = await openRegistry(settings.registry ?? 'git', place)
  const storeOf = (model: Model): Promise<Store> => {
    const options = storeOptionsOf(runner, forge)
    return settings.store === undefined ? openStoreOf(model, options) : openStore(settings.store, options)
  }
  return {
    find: (wanted) => registry.resolve(name, wanted),
    list: async () => (await registry.versions(name)).map(({ version }) => version),
    wasPromoted: async () => {
      const keptHeads = headsKeptBy(async () => registry)
      const { entries } = await (await openLedger({ ...place, ref: ledger.ref, keptHeads })).read(name)
      return entries.some(({ kind }) => kind === 'promotion')
    },
    fetchModel: async (model, into) => downloadModel(await storeOf(model), model, into),
    fetchAttachments: async (model, paths, into) => {
      await downloadAttachments(await storeOf(model), model, (path) => paths.includes(path), into)
    },
  }
}
