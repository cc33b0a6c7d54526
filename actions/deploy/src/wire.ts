import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Deployment, Document, Model, Settings } from '@headgate/core'
import { digestOf, documentFile, gitTokenOf, release, schemaName } from '@headgate/core'
import { readText, writeDocument } from '@headgate/files'
import { announcer, forgeOf } from '@headgate/forges'
import { openLedger } from '@headgate/ledger'
import { downloadAttachments, downloadModel, headsKeptBy, openRegistry } from '@headgate/registries'
import type { Runner, Wire } from '@headgate/runners'
import { openStore, openStoreOf, type Store, storeOptionsOf } from '@headgate/stores'
import type { Ports } from './ports.ts'
import { serveCommand } from './run.ts'
import type { stage } from './stage.ts'
import type { Target } from './targets/port.ts'
import type { ProcessTargetOptions } from './targets/process/target.ts'

type DeploySettings = Settings<typeof stage>

const targets: Readonly<Record<'process', (options: ProcessTargetOptions) => Promise<Target>>> = {
  process: async (options) => (await import('./targets/process/target.ts')).processTarget(options),
}

const lockWaitMs = 120_000

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
  const target = await targets.process(processOptions(settings, runner))
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

function processOptions(settings: DeploySettings, runner: Runner): ProcessTargetOptions {
  const secrets = Object.values(settings.env).filter((value) => value.length >= 6)
  return {
    folder: stateFolder(settings, runner),
    serve: serveCommand(settings.serve),
    workspace: runner.workspace,
    environment: { ...runner.environment, ...settings.env },
    secrets,
    address: { host: settings.host, port: settings.port },
    lockWaitMs,
  }
}

/** In CI outside of the work tree, which a checkout cleans. */
function stateFolder(settings: DeploySettings, { context, workspace, variables }: Runner): string {
  if (settings.stateFolder !== undefined) return resolve(workspace, settings.stateFolder)
  if (context.runner === 'local') return join(settings.workFolder, 'deployments', settings.environment)
  const base = variables.XDG_STATE_HOME || join(homedir(), '.local', 'state')
  const repository = context.forge?.repository ?? digestOf(workspace).slice(-12)
  return join(base, 'headgate', repository, settings.model, settings.environment)
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
