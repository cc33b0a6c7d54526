import { join } from 'node:path'
import { type File, messageOf, OutsideError, type Problem, UserError } from '@headgate/core'
import * as mlflow from '@headgate/systems/mlflow'
import { readPoints } from '../../points.ts'
import type { Left } from '../port.ts'
import { parameterText } from './parameters.ts'
import type { Experiment } from './tracking.ts'

/** What is being logged of a run, and what came of it so far. */
interface Logging {
  readonly where: Experiment
  readonly run: mlflow.Run
  readonly left: Left
  readonly notLogged: string[]
  /** The last step of each metric that the run has. */
  readonly steps: Map<string, number>
  /** The logged model that the metrics were measured on. */
  modelId: string | undefined
}

const shownProblems = 10

/**
 * Logs all that a run left, and then closes it. One part that cannot be logged does not hold up the others; a server
 * that has gone away is not waited for again and again.
 * @returns what was not logged, in sentences.
 */
export async function logLeft(
  where: Experiment,
  run: mlflow.Run,
  left: Left,
  close: () => Promise<void>,
): Promise<readonly string[]> {
  const logging: Logging = { where, run, left, notLogged: [], steps: new Map(), modelId: undefined }
  const parts: readonly (readonly [string, (logging: Logging) => Promise<void>])[] = [
    ['the parameters', logParameters],
    ['the course of the metrics', logPoints],
    ['the model', logModel],
    ['the metrics', logMetrics],
    ['the artifacts', logArtifacts],
    [`that the run has ${left.end}`, close],
  ]
  let isAway = false
  for (const [name, log] of parts) {
    if (isAway) logging.notLogged.push(`${name}: not tried, since the server was away.`)
    else isAway = await attemptPart(logging, name, () => log(logging))
  }
  return logging.notLogged
}

/** @returns whether the server has gone away. */
async function attemptPart({ where, notLogged }: Logging, name: string, log: () => Promise<void>): Promise<boolean> {
  try {
    await log()
    return false
  } catch (error) {
    where.client.signal?.throwIfAborted()
    if (!(error instanceof UserError || error instanceof OutsideError)) throw error
    notLogged.push(`${name}: ${messageOf(error)}`)
    return error instanceof OutsideError
  }
}

function tellProblems({ notLogged }: Logging, problems: readonly (Problem | string)[]): void {
  const sentences = problems.map((problem) =>
    typeof problem === 'string' ? problem : [problem.what, problem.fix].filter(Boolean).join(' '),
  )
  notLogged.push(...sentences.slice(0, shownProblems))
  if (sentences.length > shownProblems) notLogged.push(`And ${sentences.length - shownProblems} more of this kind.`)
}

async function logParameters(logging: Logging): Promise<void> {
  const { where, run, left } = logging
  const now = await mlflow.findRun(where.client, run.id)
  for (const { key, step } of now?.metrics ?? []) logging.steps.set(key, step)
  const texts = Object.entries(left.params).map(([name, value]) => [name, parameterText(value)] as const)
  const isOther = ([name, text]: readonly [string, string]): boolean => (now?.params[name] ?? text) !== text
  tellProblems(
    logging,
    texts
      .filter(isOther)
      .map(([name, text]) => `the parameter "${name}" is ${text}, and the code itself logged ${now?.params[name]}.`),
  )
  const params = Object.fromEntries(texts.filter((entry) => !isOther(entry)))
  const tags = left.error === undefined ? {} : { 'headgate.error': [...left.error].slice(0, 5000).join('') }
  const { sound, problems } = mlflow.checkBatch(where.client, { params, tags })
  tellProblems(logging, problems)
  await mlflow.logBatch(where.client, run.id, sound)
}

/** The points of `metrics.ndjson`, where the training left one. */
async function logPoints(logging: Logging): Promise<void> {
  const { where, run, left, steps } = logging
  if (!left.artifacts.some(({ path }) => path === 'metrics.ndjson')) return
  const odd: (Problem | string)[] = []
  try {
    for await (const { points, problems } of readPoints(join(left.output, 'metrics.ndjson'))) {
      const metrics = points.map((point) => ({ ...point, timestamp: point.timestamp ?? left.endedAt.getTime() }))
      const checked = mlflow.checkBatch(where.client, { metrics })
      odd.push(...problems, ...checked.problems)
      await mlflow.logBatch(where.client, run.id, checked.sound)
      for (const { key, step } of checked.sound.metrics) steps.set(key, Math.max(step, steps.get(key) ?? step))
    }
  } finally {
    tellProblems(logging, odd)
  }
}

/** The numbers of `metrics.json`: where a metric has a course, at its last step. */
async function logMetrics(logging: Logging): Promise<void> {
  const { where, run, left, steps, modelId } = logging
  const entries = Object.entries(left.metrics)
  tellProblems(
    logging,
    entries.flatMap(([key, value]) => (value === null ? `the metric "${key}" is no finite number.` : [])),
  )
  const timestamp = left.endedAt.getTime()
  const metrics = entries.flatMap(([key, value]) =>
    value === null ? [] : [{ key, value, timestamp, step: steps.get(key) ?? 0, modelId }],
  )
  const { sound, problems } = mlflow.checkBatch(where.client, { metrics })
  tellProblems(logging, problems)
  await mlflow.logBatch(where.client, run.id, sound)
}

const modelFolder = 'model/'

function uploadsOf({ output, artifacts }: Left, isWanted: (file: File) => boolean): mlflow.Upload[] {
  return artifacts.filter(isWanted).map((file) => ({ ...file, source: join(output, file.path) }))
}

function isOfModel({ path }: File): boolean {
  return path.startsWith(modelFolder)
}

/** The folder `model/` as a logged model; of servers that have none, it is among the artifacts. */
async function logModel(logging: Logging): Promise<void> {
  const { where, run, left } = logging
  const { client } = where
  if (left.modelDigest === null || !mlflow.can(client, 'logged-models')) return
  const name = run.tags['headgate.model'] ?? 'model'
  const tags = { 'headgate.digest': left.modelDigest, 'headgate.run_id': run.name }
  const made = { experimentId: run.experimentId, runId: run.id, name, tags }
  const model = await mlflow.ensureLoggedModel(client, made, 'headgate.digest')
  logging.modelId = model.id
  if (model.isReady) return
  const files = uploadsOf(left, isOfModel).map((file) => ({ ...file, path: file.path.slice(modelFolder.length) }))
  try {
    await mlflow.uploadArtifacts(client, model.artifactUri, files)
  } catch (error) {
    await mlflow.finishLoggedModel(mlflow.withOptions(client, { retries: 0 }), model.id, false).catch(() => undefined)
    throw error
  }
  await mlflow.finishLoggedModel(client, model.id, true)
}

async function logArtifacts(logging: Logging): Promise<void> {
  const { where, run, left } = logging
  const { client } = where
  const hasLoggedModels = mlflow.can(client, 'logged-models')
  const files = uploadsOf(left, (file) => !(hasLoggedModels && isOfModel(file)))
  const { sound, problems } = mlflow.checkArtifacts(client, files)
  tellProblems(logging, problems)
  await mlflow.uploadArtifacts(client, run.artifactUri, sound)
  if (client.dialect === 'mlflow-2' && left.modelDigest !== null)
    await mlflow.noteModel(client, run.id, 'model', left.endedAt)
}
