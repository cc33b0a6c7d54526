import { type Settings, UserError } from '@headgate/core'
import type { Runner } from '@headgate/runners'
import * as mlflow from '@headgate/systems/mlflow'
import type { stage } from '../../stage.ts'
import type { Beginning, TrackedRun, Tracking } from '../port.ts'
import { trackedRun } from './run.ts'
import { ownerFrom, type Source, tag, tagsOf } from './tags.ts'

/** An experiment at a server: where this model's runs are. */
export interface Experiment {
  readonly client: mlflow.Client
  readonly id: string
  /** Empty where the user gave the id. */
  readonly name: string
}

export interface MlflowOptions {
  readonly environment: Readonly<Record<string, string | undefined>>
  /** The experiment of the settings. */
  readonly experiment: string | undefined
  readonly model: string
  readonly source: Source
  readonly tell: (message: string) => void
  readonly signal: AbortSignal
}

/** Tracks in the MLflow that the environment, or `env` of the settings, names. */
export function openMlflow(settings: Settings<typeof stage>, runner: Runner): Tracking {
  const { context, variables } = runner
  return mlflowTracking({
    environment: { ...variables, ...settings.env },
    experiment: settings.experiment,
    model: settings.model,
    source: {
      user: context.actor,
      isCi: context.run !== undefined,
      branch: context.branch,
      url: context.run?.url ?? '',
      gitlabJob: variables.CI_JOB_ID,
    },
    tell: (message) => runner.log.notice(message),
    signal: runner.signal,
  })
}

/** @throws UserError when the variables that name the server are wrong. */
export function mlflowTracking(options: MlflowOptions): Tracking {
  const secrets = secretsOf(options)
  const finished = new Map<string, string>()
  let experiment: Promise<Experiment> | undefined
  const connect = (): Promise<Experiment> => {
    experiment ??= openExperiment(options)
    return experiment
  }
  return {
    secrets,
    open: async (beginning, isGone) => {
      const where = await connect()
      await clearAway(where, beginning, isGone, options.tell)
      options.signal.throwIfAborted()
      return begin(where, beginning, options.source, (id) => finished.set(beginning.runId, id))
    },
    find: async (runId) => {
      const where = await connect()
      const found = (await mlflow.findRuns(where.client, where.id, { [tag.runId]: runId })).at(-1)
      return found && trackedRun(where, found, () => undefined)
    },
    close: async (written) => {
      const client = (await experiment?.catch(() => undefined))?.client
      if (client === undefined) return
      const id = written && finished.get(written.runId)
      if (written !== undefined && id !== undefined) await settle(client, id, written.digest)
      await mlflow.close(client)
    },
  }
}

/** Whoever cannot, or does not want to, track with these variables is told how to train without. */
function secretsOf({ environment }: MlflowOptions): readonly string[] {
  try {
    return mlflow.secretsOf(environment)
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    const problems = error.problems.map((one) => ({ ...one, fix: `${one.fix ?? ''} ${without}`.trim() }))
    throw new UserError(problems, { cause: error })
  }
}

const without = 'Or train untracked, with `tracking: off`.'

async function openExperiment({ environment, experiment, model, signal }: MlflowOptions): Promise<Experiment> {
  const client = await mlflow.connect(environment, { signal })
  const name = experiment || environment.MLFLOW_EXPERIMENT_NAME
  const { MLFLOW_EXPERIMENT_ID: id } = environment
  if (!name && id) return { client, id, name: '' }
  return { client, id: await mlflow.ensureExperiment(client, name || model), name: name || model }
}

async function begin(
  where: Experiment,
  beginning: Beginning,
  source: Source,
  onFinish: (id: string) => void,
): Promise<TrackedRun> {
  // Who cancels here must not leave a run behind that nobody knows of.
  const client = mlflow.withOptions(where.client, { signal: delayed(where.client.signal, graceMs) })
  const { runId, startedAt, data } = beginning
  const isGitlab = client.dialect === 'gitlab'
  const tags = tagsOf(beginning, isGitlab ? source : { ...source, gitlabJob: undefined })
  const run = await mlflow.ensureRun(
    client,
    { experimentId: where.id, name: runId, startedAt: startedAt.getTime(), tags },
    tag.runId,
  )
  if (mlflow.can(client, 'dataset-inputs')) await mlflow.logInputs(client, run.id, data.map(datasetOf))
  return trackedRun(where, run, () => onFinish(run.id))
}

const graceMs = 3000

/** A signal that is aborted so much later than another. */
function delayed(signal: AbortSignal | undefined, ms: number): AbortSignal {
  const controller = new AbortController()
  const abort = (): void => void setTimeout(() => controller.abort(signal?.reason), ms).unref()
  signal?.addEventListener('abort', abort, { once: true })
  return controller.signal
}

function datasetOf({ path, digest, context }: Beginning['data'][number]): mlflow.Dataset {
  const [scheme = 'local'] = /^[a-z][a-z0-9+.-]*(?=:\/\/)/i.exec(path) ?? []
  const isWeb = /^https?$/.test(scheme)
  return {
    name: path.slice(-500),
    digest: mlflow.shortDigest(digest),
    sourceType: isWeb ? 'http' : scheme,
    source: JSON.stringify(isWeb ? { url: path } : { uri: path }),
    context,
    tags: { 'headgate.digest': digest },
  }
}

/**
 * Clears away what is left of earlier attempts that nobody carries on: those still called running are killed, and those
 * at the same training make room for this one. A run whose document was written is never touched.
 */
async function clearAway(
  { client, id }: Experiment,
  { runId, model, key }: Beginning,
  isGone: Parameters<Tracking['open']>[1],
  tell: (message: string) => void,
): Promise<void> {
  const same = await mlflow.findRuns(client, id, { [tag.model]: model, [tag.key]: key })
  const running = await mlflow.findRuns(client, id, { [tag.model]: model }, 'RUNNING')
  const open = [...new Map([...same, ...running].map((run) => [run.id, run])).values()]
  for (const run of open) {
    const owner = ownerFrom(run.tags)
    const isSettled = tag.document in run.tags || run.tags[tag.runId] === runId
    if (isSettled || owner === undefined || !(await isGone(owner))) continue
    await permitted(tell, async () => {
      if (run.status === 'RUNNING') await mlflow.updateRun(client, run.id, { status: 'KILLED', endedAt: Date.now() })
      if (run.tags[tag.key] !== key) tell(`Run ${owner.runId} was still called running, and is now called killed.`)
      else if (await mlflow.deleteRun(client, run.id))
        tell(`Run ${owner.runId} was cut off, and makes room for this one.`)
      else
        tell(`Run ${owner.runId} was cut off and stays beside this one: it may not be deleted with these credentials.`)
    })
  }
}

/** What may not be done to an earlier run is told, and holds up nothing. */
async function permitted(tell: (message: string) => void, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    tell(error.message)
  }
}

/** Says at a run that its document is written, so that no later attempt takes it for one that was cut off. */
async function settle(client: mlflow.Client, id: string, digest: string): Promise<void> {
  const patient = mlflow.withOptions(client, { signal: undefined })
  await mlflow.logBatch(patient, id, { tags: { [tag.document]: digest } })
}
