import { openBaseBranch } from '@headgate/base-branch'
import type { Header } from '@headgate/core'
import { release, schemaName } from '@headgate/core'
import { writeDocument } from '@headgate/files'
import { announcer, forgeOf } from '@headgate/forges'
import type { Runner, Wire } from '@headgate/runners'
import { openStore, storeOptionsOf } from '@headgate/stores'
import { openEngine } from '@headgate/tables'
import type { Ports } from './ports.ts'
import type { stage } from './stage.ts'

/** Chooses the engine, and the branch whose contract holds. */
export const wire: Wire<typeof stage, Ports> = async (settings, runner) => {
  const forge = await forgeOf(runner.context.forge)
  return {
    ports: {
      openEngine: () =>
        openEngine(settings.engine, {
          library: settings.duckdbLibrary,
          tools: runner.tools,
          temporary: runner.temporary,
        }),
      workspace: runner.workspace,
      base: openBaseBranch(runner),
      writeProfile: async (profile, inputs) => {
        if (settings.dryRun) return
        const { verdict: _none, ...header } = headerOf(settings.model, runner, inputs)
        const summary = `${profile.data.rows} rows, ${profile.columns.length} columns.`
        await writeDocument('profile', settings.workFolder, { ...header, summary, ...profile })
      },
      log: runner.log,
      now: runner.now,
    },
    openStore: () => openStore(settings.store, storeOptionsOf(runner, forge)),
    announce: announcer({ forge, context: runner.context }),
  }
}

function headerOf(model: string, { context, now }: Runner, inputs: Header['inputs']): Header {
  const { run } = context
  return {
    schema: schemaName('profile'),
    verdict: 'pass',
    summary: '',
    model,
    commit: context.commit,
    createdAt: now().toISOString(),
    tool: `headgate ${release}`,
    runner: {
      kind: context.runner,
      event: context.event,
      ...(run && { runId: run.id, runUrl: run.url }),
      os: process.platform,
    },
    inputs,
    durationMs: 0,
  }
}
