import { join } from 'node:path'
import { digestOf, documentFile, gitTokenOf, registeredName, type Settings } from '@headgate/core'
import { readDocument, readText } from '@headgate/files'
import { announcer, forgeOf } from '@headgate/forges'
import { openLedger } from '@headgate/ledger'
import type { Runner, Wire } from '@headgate/runners'
import { openStore, storeOptionsOf } from '@headgate/stores'
import { secretsIn } from './data/credentials.ts'
import { idleExecutor } from './executors/idle.ts'
import type { Executor, ExecutorName } from './executors/port.ts'
import { holdSettings } from './held.ts'
import { machineText } from './machine.ts'
import type { Ports } from './ports.ts'
import { reasonNotToTrain } from './pull-request.ts'
import { stage } from './stage.ts'
import type { Tracking, TrackingKind } from './tracking/port.ts'

type Open = (settings: Settings<typeof stage>, runner: Runner) => Executor | Promise<Executor>

const executors: Readonly<Record<ExecutorName, () => Promise<Open>>> = {
  process: async () => {
    const { processExecutor } = await import('./executors/process/executor.ts')
    return (_settings, runner) => processExecutor(runner.temporary)
  },
  docker: async () => (await import('./executors/docker/open.ts')).openDocker,
  kubernetes: async () => (await import('./executors/kubernetes/open.ts')).openKubernetes,
  ray: async () => (await import('./executors/ray/open.ts')).openRay,
  spark: async () => (await import('./executors/spark/open.ts')).openSpark,
}

async function openExecutor(settings: Settings<typeof stage>, runner: Runner): Promise<Executor> {
  return (await executors[settings.executor]())(settings, runner)
}

type OpenTracking = (settings: Settings<typeof stage>, runner: Runner) => Tracking

const trackings: Readonly<Record<TrackingKind, () => Promise<OpenTracking>>> = {
  mlflow: async () => (await import('./tracking/mlflow/tracking.ts')).openMlflow,
}

/** An empty variable is an absent one: CIs leave secrets empty where they may not be read. */
async function openTracking(settings: Settings<typeof stage>, runner: Runner): Promise<Tracking | undefined> {
  const isNamed = Boolean(settings.env.MLFLOW_TRACKING_URI ?? runner.variables.MLFLOW_TRACKING_URI)
  const kind = settings.tracking === 'auto' ? (isNamed ? 'mlflow' : 'off') : settings.tracking
  return kind === 'off' ? undefined : (await trackings[kind]())(settings, runner)
}

/** Says to the tracking server which training has its document, and ends the connection. */
async function closeTracking(tracking: Tracking, { workFolder }: Settings<typeof stage>): Promise<void> {
  const text = await readText(join(workFolder, documentFile('training')))
  const document = text === undefined ? undefined : await readDocument('training', workFolder).catch(() => undefined)
  await tracking.close(text && document ? { runId: document.run.id, digest: digestOf(text) } : undefined)
}

/** Only to say what is to be expected: that is no reason to hold the ledger against what was kept of it elsewhere. */
async function pastTrainings(settings: Settings<typeof stage>, runner: Runner): ReturnType<Ports['pastTrainings']> {
  const { workspace: directory, context, now } = runner
  if (context.commit === '') return []
  const place = { ...settings.ledger, directory, token: gitTokenOf(context), now }
  const ledger = await openLedger({ ...place, keptHeads: async () => [] })
  const { entries } = await ledger.read(registeredName(settings))
  return entries.filter((entry) => entry.kind === 'training')
}

/** Chooses the executor, and hides what `env` took from the CI's secrets. */
export const wire: Wire<typeof stage, Ports> = async (settings, runner) => {
  const tracking = await openTracking(settings, runner)
  const secrets = [
    ...new Set([
      ...secretsOf(settings, runner),
      ...longEnough([
        ...(tracking?.secrets ?? []),
        ...secretsIn([settings.data ?? [], settings.testData ?? []].flat()),
      ]),
    ]),
  ]
  for (const secret of secrets) runner.mask(secret)
  const forge = await forgeOf(runner.context.forge)
  const held = await holdSettings(settings, runner)
  const labels = runner.context.pullRequest?.labels ?? []
  const isIdle = reasonNotToTrain({ ...settings, ...held }, { context: runner.context, labels }) !== undefined
  const executor = isIdle ? idleExecutor(settings.executor) : await openExecutor(settings, runner)
  return {
    ports: {
      executor,
      tracking,
      cache: await runner.cache(),
      machine: machineText(executor, settings, runner.variables),
      pastTrainings: () => pastTrainings(settings, runner),
      log: runner.log,
      workspace: runner.workspace,
      downloads: join(runner.tools, 'data'),
      gitToken: gitTokenOf(runner.context),
      temporary: runner.temporary,
      commit: runner.context.commit,
      context: runner.context,
      held,
      ciRun: runner.context.run?.id || null,
      ciAttempt: runner.context.run?.attempt ?? 1,
      runState: forge && ((ciRun) => forge.runState(ciRun)),
      labels,
      environment: runner.environment,
      secrets,
      publish: (outputs) => runner.output(outputs),
      keep: (handle) => runner.keep(stage.name, handle),
      signal: runner.signal,
      now: runner.now,
    },
    openStore: () => openStore(settings.store, storeOptionsOf(runner, forge)),
    announce: announcer({ forge, context: runner.context }),
    ...(tracking === undefined ? {} : { close: () => closeTracking(tracking, settings) }),
  }
}

const shortestSecret = 6

/** What `env` gives back to the command: values that came, whole or in part, from the runner's own environment. */
function secretsOf({ env }: Pick<Settings<typeof stage>, 'env'>, runner: Runner): string[] {
  const known = longEnough(Object.values(runner.variables))
  return Object.values(env).flatMap((value) => known.filter((part) => value.includes(part)))
}

/** What is shorter would be hidden in words that have nothing to do with it. */
function longEnough(values: readonly (string | undefined)[]): string[] {
  return values.filter((value) => value !== undefined && value.length >= shortestSecret) as string[]
}
