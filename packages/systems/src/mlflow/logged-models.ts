import { z } from 'zod'
import { demand } from './ability.ts'
import { ask, attempt, type Client, findOrMake } from './client.ts'
import { findRun } from './runs.ts'
import { keyValues, list, nothing, pairs, quoted, text } from './values.ts'

const modelSchema = z
  .object({ info: z.object({ model_id: z.string(), name: text, artifact_uri: text, status: text, tags: keyValues }) })
  .transform(({ info }) => ({
    id: info.model_id,
    name: info.name,
    artifactUri: info.artifact_uri,
    isReady: info.status === 'LOGGED_MODEL_READY',
    tags: info.tags,
  }))
export type LoggedModel = z.output<typeof modelSchema>

export interface NewLoggedModel {
  readonly experimentId: string
  readonly runId: string
  readonly name: string
  readonly tags: Readonly<Record<string, string>>
}

/**
 * The logged model that a run left with this value of a tag; made, and linked to the run, when there is none. Its files
 * are to be uploaded to `artifactUri`, and `finishLoggedModel` called then. MLflow 3 only.
 */
export async function ensureLoggedModel(client: Client, model: NewLoggedModel, tag: string): Promise<LoggedModel> {
  demand(client, 'logged-models')
  const found = await findOrMake(
    async () => (await findLoggedModels(client, model)).find(({ tags }) => tags[tag] === model.tags[tag]),
    () => create(client, model),
  )
  await link(client, model.runId, found.id)
  return found
}

/** The logged models that a run left. */
export async function findLoggedModels(
  client: Client,
  { experimentId, runId }: Pick<NewLoggedModel, 'experimentId' | 'runId'>,
): Promise<LoggedModel[]> {
  const body = { experiment_ids: [experimentId], filter: `source_run_id = ${quoted(runId)}`, max_results: 50 }
  const answer = z.object({ models: list(modelSchema) })
  return (await ask(client, { method: 'POST', path: 'mlflow/logged-models/search', body }, answer)).models
}

/** The logged model with this id; `undefined` when there is none. */
export async function findLoggedModel(client: Client, id: string): Promise<LoggedModel | undefined> {
  demand(client, 'logged-models')
  const call = { method: 'GET', path: `mlflow/logged-models/${encodeURIComponent(id)}` } as const
  const outcome = await attempt(client, call, z.object({ model: modelSchema }))
  if (outcome.ok) return outcome.value.model
  if (outcome.code === 'RESOURCE_DOES_NOT_EXIST') return undefined
  throw outcome.error
}

/** Says that all files of a logged model are there, or that they could not be brought. */
export async function finishLoggedModel(client: Client, id: string, isWhole: boolean): Promise<void> {
  const body = { model_id: id, status: isWhole ? 'LOGGED_MODEL_READY' : 'LOGGED_MODEL_UPLOAD_FAILED' }
  await ask(client, { method: 'PATCH', path: `mlflow/logged-models/${id}`, body }, nothing)
}

function create(client: Client, { experimentId, runId, name, tags }: NewLoggedModel) {
  const body = {
    experiment_id: experimentId,
    source_run_id: runId,
    name: loggedModelName(name),
    tags: pairs(tags),
  }
  const call = { method: 'POST', path: 'mlflow/logged-models', body, once: true } as const
  return attempt(
    client,
    call,
    z.object({ model: modelSchema }).transform((answer) => answer.model),
  )
}

/** The name without what MLflow forbids in one. */
function loggedModelName(name: string): string {
  return name.replace(/[/:.%"']/g, '-')
}

/** A second link of the same model is an error of the database there, so that the first is looked for. */
async function link(client: Client, runId: string, modelId: string): Promise<void> {
  const isLinked = async (): Promise<boolean> => (await findRun(client, runId))?.models.includes(modelId) ?? false
  if (await isLinked()) return
  const body = { run_id: runId, models: [{ model_id: modelId, step: 0 }] }
  const outcome = await attempt(client, { method: 'POST', path: 'mlflow/runs/outputs', body }, nothing)
  if (!outcome.ok && !(await isLinked())) throw outcome.error
}

/** Notes on a run of MLflow 2 that the artifacts below `path` are a model. */
export async function noteModel(client: Client, runId: string, path: string, at: Date): Promise<void> {
  const created = at.toISOString().replace('T', ' ').replace('Z', '')
  const model = { run_id: runId, artifact_path: path, utc_time_created: created, flavors: {} }
  const body = { run_id: runId, model_json: JSON.stringify(model) }
  await ask(client, { method: 'POST', path: 'mlflow/runs/log-model', body }, nothing)
}
