import { z } from 'zod'
import { ask, attempt, type Client, findOrMake } from './client.ts'
import { integer, keyValues, list, nothing, pairs, quoted, real, text } from './values.ts'

export const runStatuses = ['RUNNING', 'SCHEDULED', 'FINISHED', 'FAILED', 'KILLED'] as const
export type RunStatus = (typeof runStatuses)[number]

const infoSchema = z.object({
  run_id: z.string(),
  experiment_id: z.coerce.string(),
  run_name: text,
  status: z.enum(runStatuses),
  start_time: integer,
  end_time: integer.nullish(),
  artifact_uri: text,
  lifecycle_stage: text,
})
const metricSchema = z.object({ key: z.string(), value: real, timestamp: integer, step: integer })
const datasetSchema = z.object({
  tags: keyValues,
  dataset: z.object({ name: z.string(), digest: z.string(), source_type: text, source: text }),
})
const runSchema = z
  .object({
    info: infoSchema,
    data: z.object({ metrics: list(metricSchema), params: keyValues, tags: keyValues }).prefault({}),
    inputs: z.object({ dataset_inputs: list(datasetSchema) }).prefault({}),
    outputs: z.object({ model_outputs: list(z.object({ model_id: z.string() })) }).prefault({}),
  })
  .transform(({ info, data, inputs, outputs }) => ({
    id: info.run_id,
    experimentId: info.experiment_id,
    name: info.run_name,
    status: info.status,
    /** Milliseconds since the epoch. */
    startedAt: info.start_time,
    endedAt: info.end_time ?? null,
    artifactUri: info.artifact_uri,
    isDeleted: info.lifecycle_stage === 'deleted',
    tags: data.tags,
    params: data.params,
    /** The last point of each metric. */
    metrics: data.metrics,
    datasets: inputs.dataset_inputs.map(({ tags, dataset }) => ({ ...dataset, tags })),
    /** Ids of the logged models that came of it. */
    models: outputs.model_outputs.map(({ model_id }) => model_id),
  }))
export type Run = z.output<typeof runSchema>

export interface NewRun {
  readonly experimentId: string
  readonly name: string
  /** Milliseconds since the epoch. */
  readonly startedAt: number
  readonly tags: Readonly<Record<string, string>>
}

/** The run with this id; `undefined` when there is none. */
export async function findRun(client: Client, id: string): Promise<Run | undefined> {
  const call = { method: 'GET', path: 'mlflow/runs/get', query: { run_id: id } } as const
  const outcome = await attempt(client, call, z.object({ run: runSchema }))
  if (outcome.ok) return outcome.value.run
  if (outcome.code === 'RESOURCE_DOES_NOT_EXIST') return undefined
  throw outcome.error
}

/** The run of an experiment that has this tag with this value; made when there is none, and never twice. */
export async function ensureRun(client: Client, run: NewRun, tag: string): Promise<Run> {
  const value = run.tags[tag] ?? ''
  const find = async (): Promise<Run | undefined> => (await findRuns(client, run.experimentId, { [tag]: value })).at(-1)
  return findOrMake(find, () => {
    const body = {
      experiment_id: run.experimentId,
      run_name: run.name,
      start_time: run.startedAt,
      tags: pairs(run.tags),
    }
    const call = { method: 'POST', path: 'mlflow/runs/create', body, once: true } as const
    return attempt(
      client,
      call,
      z.object({ run: runSchema }).transform((answer) => answer.run),
    )
  })
}

const pageSize = 1000
const gitlabPageSize = 200

/** The runs of an experiment that have all these tags and, if given, this status; the latest first. */
export async function findRuns(
  client: Client,
  experimentId: string,
  tags: Readonly<Record<string, string>>,
  status?: RunStatus,
): Promise<Run[]> {
  const conditions = Object.entries(tags).map(([key, value]) => `tags.\`${key}\` = ${quoted(value)}`)
  if (status !== undefined) conditions.push(`attributes.status = '${status}'`)
  // GitLab knows no filter, and an order of its own.
  const how =
    client.dialect === 'gitlab'
      ? { max_results: gitlabPageSize }
      : { filter: conditions.join(' AND '), order_by: ['attributes.start_time DESC'], max_results: pageSize }
  const found: Run[] = []
  let token: string | undefined
  do {
    const body = { experiment_ids: [experimentId], ...how, page_token: token }
    const answer = z.object({ runs: list(runSchema), next_page_token: text })
    const page = await ask(client, { method: 'POST', path: 'mlflow/runs/search', body }, answer)
    found.push(...page.runs)
    token = page.next_page_token || undefined
  } while (token !== undefined)
  const fits = (run: Run): boolean =>
    (status === undefined || run.status === status) &&
    Object.entries(tags).every(([key, value]) => run.tags[key] === value)
  return found.filter(fits)
}

/** Sets how a run stands, and when it ended (milliseconds since the epoch). */
export async function updateRun(
  client: Client,
  id: string,
  { status, endedAt }: { readonly status: RunStatus; readonly endedAt?: number | undefined },
): Promise<void> {
  const body = { run_id: id, status, end_time: endedAt }
  await ask(client, { method: 'POST', path: 'mlflow/runs/update', body }, nothing)
}

/** Deletes a run; MLflow keeps it, restorable, until it is collected. Returns whether that was permitted. */
export async function deleteRun(client: Client, id: string): Promise<boolean> {
  const outcome = await attempt(client, { method: 'POST', path: 'mlflow/runs/delete', body: { run_id: id } }, nothing)
  if (outcome.ok) return true
  if (outcome.code === 'PERMISSION_DENIED') return false
  throw outcome.error
}

/** All points of a metric, in their order. */
export async function metricHistory(client: Client, id: string, key: string): Promise<z.output<typeof metricSchema>[]> {
  const found: z.output<typeof metricSchema>[] = []
  let token: string | undefined
  do {
    const query = { run_id: id, metric_key: key, page_token: token }
    const answer = z.object({ metrics: list(metricSchema), next_page_token: text })
    const page = await ask(client, { method: 'GET', path: 'mlflow/metrics/get-history', query }, answer)
    found.push(...page.metrics)
    token = page.next_page_token || undefined
  } while (token !== undefined)
  return found
}
