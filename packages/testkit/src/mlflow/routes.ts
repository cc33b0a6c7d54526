import { type MlflowState, pairs, type TwinModel, type TwinRun } from './state.ts'

export interface MlflowRequest {
  readonly method: string
  /** Below `/api/2.0/`. */
  readonly path: string
  readonly query: URLSearchParams
  readonly body: Record<string, unknown>
  readonly raw: Buffer
}
export type MlflowAnswer = readonly [status: number, body: unknown]

const named = (status: number, error_code: string, message: string): MlflowAnswer => [status, { error_code, message }]
const absent = (what: string): MlflowAnswer => named(404, 'RESOURCE_DOES_NOT_EXIST', `${what} not found`)
/** As Flask answers: a page, and no error code. */
const noRoute: MlflowAnswer = [404, '<!doctype html>\n<title>404 Not Found</title>']

/** Answers as MLflow 3.17, MLflow 2.22 or GitLab 18 was seen, or is published, to answer. */
export function answerOf(state: MlflowState, request: MlflowRequest): MlflowAnswer {
  if (request.path.startsWith('mlflow-artifacts/artifacts')) return artifactAnswer(state, request)
  const route = `${request.method} ${request.path.replace(/(logged-models)\/(?!search)[^/]+/, '$1/:id')}`
  const handler = routes[route]
  if (handler === undefined || (state.dialect !== '3' && onlyIn3.test(route))) return noRoute
  if (state.dialect === 'gitlab' && notInGitlab.test(route)) return [404, { message: '404 Not Found' }]
  return handler(state, request)
}

const onlyIn3 = /logged-models|runs\/outputs/
const notInGitlab = /log-inputs|log-model/

type Handler = (state: MlflowState, request: MlflowRequest) => MlflowAnswer

const routes: Readonly<Record<string, Handler>> = {
  'GET mlflow/experiments/get-by-name': ({ experiments }, { query }) => {
    const name = query.get('experiment_name') ?? ''
    const id = experiments.get(name)
    if (id === undefined) return absent(`Experiment ${name}`)
    return [200, { experiment: { experiment_id: id, name, lifecycle_stage: 'active' } }]
  },
  'GET mlflow/experiments/get': (_, { query }) => [200, { experiment: { experiment_id: query.get('experiment_id') } }],
  'POST mlflow/experiments/create': ({ experiments }, { body }) => {
    const name = String(body.name)
    if (experiments.has(name)) return named(400, 'RESOURCE_ALREADY_EXISTS', `Experiment(name=${name}) already exists.`)
    experiments.set(name, String(experiments.size))
    return [200, { experiment_id: experiments.get(name) }]
  },
  'POST mlflow/runs/create': (state, { body }) => {
    const run: TwinRun = {
      id: `run${state.runs.length + 1}`,
      experimentId: String(body.experiment_id),
      name: String(body.run_name),
      status: 'RUNNING',
      startTime: Number(body.start_time),
      endTime: undefined,
      isDeleted: false,
      tags: new Map(pairsOf(body.tags)),
      params: new Map(),
      metrics: [],
      datasets: [],
      models: [],
    }
    state.runs.push(run)
    return [200, { run: runBody(state, run) }]
  },
  'GET mlflow/runs/get': (state, { query }) =>
    withRun(state, query.get('run_id'), (run) => ({ run: runBody(state, run) })),
  'POST mlflow/runs/search': (state, { body }) => {
    const [experiment] = body.experiment_ids as string[]
    const wanted = state.dialect === 'gitlab' ? [] : conditionsOf(String(body.filter ?? ''))
    const fits = (run: TwinRun): boolean =>
      !run.isDeleted &&
      run.experimentId === experiment &&
      wanted.every(([key, value]) => (key === 'status' ? run.status : run.tags.get(key)) === value)
    const found = state.runs.filter(fits).reverse()
    return [200, found.length === 0 ? {} : { runs: found.map((run) => runBody(state, run)) }]
  },
  'POST mlflow/runs/update': (state, { body }) =>
    withRun(state, body.run_id, (run) => {
      run.status = String(body.status ?? run.status)
      if (body.end_time !== undefined) run.endTime = Number(body.end_time)
      return { run_info: runBody(state, run).info }
    }),
  'POST mlflow/runs/delete': (state, { body }) =>
    withRun(state, body.run_id, (run) => {
      run.isDeleted = true
      return {}
    }),
  'POST mlflow/runs/log-batch': logBatch,
  'POST mlflow/runs/log-inputs': (state, { body }) =>
    withRun(state, body.run_id, (run) => {
      run.datasets.push(...(body.datasets as Record<string, unknown>[]))
      return {}
    }),
  'POST mlflow/runs/log-model': (state, { body }) =>
    withRun(state, body.run_id, (run) => {
      run.tags.set('mlflow.log-model.history', `[${body.model_json}]`)
      return {}
    }),
  'POST mlflow/runs/outputs': (state, { body }) =>
    withRun(state, body.run_id, (run) => {
      run.models.push(...(body.models as { model_id: string }[]).map(({ model_id }) => model_id))
      return {}
    }),
  'POST mlflow/logged-models': (state, { body }) => {
    const model: TwinModel = {
      id: `m-${state.models.length + 1}`,
      experimentId: String(body.experiment_id),
      runId: String(body.source_run_id),
      name: String(body.name),
      status: 'LOGGED_MODEL_PENDING',
      tags: body.tags as TwinModel['tags'],
    }
    state.models.push(model)
    return [200, { model: modelBody(state, model) }]
  },
  'POST mlflow/logged-models/search': (state, { body }) => {
    const run = /source_run_id = '([^']*)'/.exec(String(body.filter))?.[1]
    const found = state.models.filter(({ runId }) => runId === run)
    return [200, found.length === 0 ? {} : { models: found.map((model) => modelBody(state, model)) }]
  },
  'GET mlflow/logged-models/:id': (state, request) => withModel(state, request, () => undefined),
  'PATCH mlflow/logged-models/:id': (state, request) =>
    withModel(state, request, (model) => {
      model.status = String(request.body.status)
    }),
}

function withRun(state: MlflowState, id: unknown, work: (run: TwinRun) => unknown): MlflowAnswer {
  const run = state.runs.find((one) => one.id === id)
  return run === undefined ? absent(`Run with id=${id}`) : [200, work(run)]
}

function withModel(state: MlflowState, { path }: MlflowRequest, work: (model: TwinModel) => void): MlflowAnswer {
  const id = path.split('/').at(-1)
  const model = state.models.find((one) => one.id === id)
  if (model === undefined) return absent(`Logged model with ID '${id}'`)
  work(model)
  return [200, { model: modelBody(state, model) }]
}

function logBatch(state: MlflowState, { body, raw }: MlflowRequest): MlflowAnswer {
  const [metrics, params, tags] = [body.metrics ?? [], pairsOf(body.params), pairsOf(body.tags)]
  const points = metrics as TwinRun['metrics']
  if (
    points.length > 1000 ||
    params.length > 100 ||
    tags.length > 100 ||
    points.length + params.length + tags.length > 1000
  )
    return named(
      400,
      'INVALID_PARAMETER_VALUE',
      'A batch logging request can contain at most 1000 metrics, params, and tags.',
    )
  if (raw.length > 1_000_000)
    return named(400, 'INVALID_PARAMETER_VALUE', 'Batched logging API requests must be at most 1000000 bytes')
  const run = state.runs.find((one) => one.id === body.run_id)
  if (run === undefined) return absent(`Run with id=${body.run_id}`)
  const changed = params.find(([key, value]) => (run.params.get(key) ?? value) !== value)
  if (changed)
    return named(
      400,
      'INVALID_PARAMETER_VALUE',
      `Changing param values is not allowed. Params were already logged='${changed[0]}'.`,
    )
  for (const [key, value] of params) run.params.set(key, value)
  for (const [key, value] of tags) run.tags.set(key, value)
  const known = new Set(run.metrics.map((point) => JSON.stringify(point)))
  run.metrics.push(...points.filter((point) => !known.has(JSON.stringify(point))))
  return [200, {}]
}

function artifactAnswer(state: MlflowState, { method, path, query, raw }: MlflowRequest): MlflowAnswer {
  const { artifacts } = state
  const name = path.slice('mlflow-artifacts/artifacts/'.length)
  if (method === 'PUT') {
    artifacts.set(name, raw)
    return [200, {}]
  }
  if (name !== '') {
    const found = artifacts.get(name)
    if (found) return [200, found]
    return state.dialect === '3' ? absent(name) : named(500, 'INTERNAL_ERROR', 'The following failures occurred')
  }
  const folder = `${query.get('path')}/`
  const below = [...artifacts]
    .filter(([key]) => key.startsWith(folder))
    .map(([key, bytes]) => [key.slice(folder.length), bytes] as const)
  const files = below
    .filter(([key]) => !key.includes('/'))
    .map(([key, { length }]) => ({
      path: key,
      is_dir: false,
      ...(length === 0 ? {} : { file_size: length }),
    }))
  const folders = new Set(below.flatMap(([key]) => (key.includes('/') ? [key.split('/')[0]] : [])))
  const all = [...[...folders].map((key) => ({ path: key, is_dir: true })), ...files]
  return [200, all.length === 0 ? {} : { files: all }]
}

function runBody(state: MlflowState, run: TwinRun) {
  const last = new Map(run.metrics.map((point) => [point.key, point]))
  return {
    info: {
      run_id: run.id,
      run_uuid: run.id,
      experiment_id: run.experimentId,
      run_name: run.name,
      status: run.status,
      start_time: run.startTime,
      ...(run.endTime === undefined ? {} : { end_time: run.endTime }),
      artifact_uri: artifactUri(state, run),
      lifecycle_stage: run.isDeleted ? 'deleted' : 'active',
    },
    data: { metrics: [...last.values()], params: pairs(run.params), tags: pairs(run.tags) },
    ...(state.dialect === 'gitlab' ? {} : { inputs: { dataset_inputs: run.datasets } }),
    ...(state.dialect === '3' ? { outputs: { model_outputs: run.models.map((model_id) => ({ model_id })) } } : {}),
  }
}

function artifactUri({ artifactStore, dialect, url }: MlflowState, { experimentId, id }: TwinRun): string {
  if (artifactStore !== undefined) return `${artifactStore}/${experimentId}/${id}/artifacts`
  if (dialect === 'gitlab') return url.replace(/\/ml\/mlflow$/, `/packages/ml_models/candidate:${id}/files/`)
  return `mlflow-artifacts:/${experimentId}/${id}/artifacts`
}

function modelBody(_: MlflowState, { id, experimentId, runId, name, status, tags }: TwinModel) {
  const artifact_uri = `mlflow-artifacts:/${experimentId}/models/${id}/artifacts`
  return { info: { model_id: id, name, artifact_uri, status, source_run_id: runId, tags } }
}

function pairsOf(given: unknown): [string, string][] {
  return ((given ?? []) as { key: string; value: string }[]).map(({ key, value }) => [key, value])
}

function conditionsOf(filter: string): [string, string][] {
  return [...filter.matchAll(/(?:tags\.`([^`]+)`|attributes\.(\w+)) = '([^']*)'/g)].map((found) => [
    found[1] ?? found[2] ?? '',
    found[3] ?? '',
  ])
}
