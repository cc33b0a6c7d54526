import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Deployment, Document, Model, Settings } from '@headgate/core'
import { digestOf, documentFile, gitTokenOf, release, schemaName } from '@headgate/core'
import { readText, writeDocument } from '@headgate/files'
import { announcer, forgeOf } from '@headgate/forges'
import { openLedger } from '@headgate/ledger'
import { downloadAttachments, downloadModel, headsKeptBy, openRegistry } from '@headgate/registries'
import type { Runner, Wire } from '@headgate/runners'
import { openStore, openStoreOf, type Store, storeOptionsOf } from '@headgate/stores'
import type { Ports } from './ports.ts'
import type { stage } from './stage.ts'
import { openTarget } from './targets/open.ts'

type DeploySettings = Settings<typeof stage>

/** Chooses the registry, store, ledger and target. */
export const wire: Wire<typeof stage, Ports> = async (settings, runner) => {
  const { workspace, context, now } = runner
  const token = gitTokenOf(context)
  const { ref, remote } = settings.ledger
  const forge = await forgeOf(context.forge)
  const storeOptions = storeOptionsOf(runner, forge)
  const storeOf = (model: Model): Promise<Store> =>
    settings.store === undefined ? openStoreOf(model, storeOptions) : openStore(settings.store, storeOptions)
  const registry = await openRegistry(settings.registry, { directory: workspace, remote, token, now })
  const keptHeads = headsKeptBy(async () => registry)
  const ledger = await openLedger({ directory: workspace, ref, remote, token, now, keptHeads })
  const target = await openTarget(settings, runner)
  return {
    ports: {
      target,
      registry,
      ledger,
      download: async (model, into) => downloadModel(await storeOf(model), model, into),
      evaluation: (model) => readEvaluation(model, storeOf, settings.workFolder, runner.temporary),
      record: (body) => record(body, settings, runner),
      log: runner.log,
      workspace,
      context,
      signal: runner.signal,
      now,
    },
    openStore: () => openStore(settings.store, storeOptions),
    announce: announcer({ forge, context }),
  }
}

/** From the version's attachments, or else from this run's work folder if it is that very evaluation. */
async function readEvaluation(
  model: Model,
  storeOf: (model: Model) => Promise<Store>,
  workFolder: string,
  temporary: string,
): Promise<string | undefined> {
  const name = documentFile('evaluation')
  if (!model.attachments.some(({ path }) => path === name)) {
    const text = await readText(join(workFolder, name))
    return text !== undefined && digestOf(text) === model.lineage.evaluation?.digest ? text : undefined
  }
  const folder = await mkdtemp(join(temporary, 'evaluation-'))
  try {
    await downloadAttachments(await storeOf(model), model, (path) => path === name, folder)
    return await readFile(join(folder, name), 'utf8')
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** The document as far as it is known; the runner writes it anew when the deployment has ended. */
async function record(body: Deployment, settings: DeploySettings, runner: Runner): Promise<void> {
  const { context } = runner
  const step = body.steps.findLast(({ status }) => status !== 'pending')
  const document: Document<'deployment'> = {
    schema: schemaName('deployment'),
    verdict: 'inconclusive',
    summary: `Version ${body.version} is being deployed to ${body.environment}: ${step?.name ?? 'plan'}.`,
    model: settings.model,
    commit: context.commit,
    createdAt: runner.now().toISOString(),
    tool: `headgate ${release}`,
    runner: { kind: context.runner, event: context.event, os: process.platform },
    inputs: [],
    durationMs: 0,
    ...body,
  }
  await writeDocument('deployment', settings.workFolder, document)
}
