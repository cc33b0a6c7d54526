import { gitTokenOf } from '@headgate/core'
import { announcer, forgeOf } from '@headgate/forges'
import { openLedger } from '@headgate/ledger'
import { headsKeptBy, openRegistry, type Registry } from '@headgate/registries'
import type { Wire } from '@headgate/runners'
import { openStore, storeOptionsOf } from '@headgate/stores'
import { type Engine, openEngine } from '@headgate/tables'
import { readChampion } from './champion.ts'
import type { Ports } from './ports.ts'
import type { stage } from './stage.ts'

/** Opens the ledger, and the engine once it is asked for. */
export const wire: Wire<typeof stage, Ports> = async (settings, runner) => {
  const { context, workspace, tools, temporary, now } = runner
  const clone = { directory: workspace, remote: settings.ledger.remote, token: gitTokenOf(context), now }
  let opened: Promise<Registry> | undefined
  const registry = (): Promise<Registry> => {
    opened ??= openRegistry(settings.registry, clone)
    return opened
  }
  const { ref } = settings.ledger
  const ledger = context.commit ? await openLedger({ ...clone, ref, keptHeads: headsKeptBy(registry) }) : undefined
  const forge = await forgeOf(context.forge)
  let engine: Promise<Engine> | undefined
  const openOnce = (): Promise<Engine> => {
    engine ??= openEngine('auto', { library: settings.duckdbLibrary, tools, temporary })
    return engine
  }
  return {
    ports: {
      workspace,
      engine: openOnce,
      champion: () => readChampion(settings, runner, { forge, registry }),
      ledger,
      forge,
      context,
      log: runner.log,
      signal: runner.signal,
      now,
    },
    openStore: () => openStore(settings.store, storeOptionsOf(runner, forge)),
    announce: announcer({ forge, context }),
    close: async () => (await engine)?.close(),
  }
}
