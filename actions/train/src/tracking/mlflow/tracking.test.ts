import { type MlflowTwin, startMlflow } from '@headgate/testkit'
import { afterAll, expect, test } from 'vitest'
import { type Bench, type ReadRun, trackingConformance } from '../conformance.ts'
import type { Beginning, Left } from '../port.ts'
import { parameterText } from './parameters.ts'
import { type MlflowOptions, mlflowTracking } from './tracking.ts'

const twins: MlflowTwin[] = []
afterAll(async () => {
  for (const twin of twins) await twin.close()
})

async function started(dialect: '3' | '2' | 'gitlab'): Promise<MlflowTwin> {
  const twin = await startMlflow(dialect)
  twins.push(twin)
  return twin
}

const source = { user: 'ada', isCi: true, branch: 'main', url: 'https://ci.example.org/7', gitlabJob: '42' }

function trackingAt(twin: MlflowTwin, more: Partial<MlflowOptions> = {}) {
  const environment = { MLFLOW_TRACKING_URI: twin.url, MLFLOW_HTTP_REQUEST_MAX_RETRIES: '1' }
  const tell = (): void => undefined
  const signal = new AbortController().signal
  return mlflowTracking({ environment, experiment: undefined, model: 'm', source, tell, signal, ...more })
}

/** What the twin has of an experiment. */
function readTwin(twin: MlflowTwin, experiment: string): ReadRun[] {
  const id = twin.experiments.get(experiment)
  const runs = twin.runs.filter((run) => run.experimentId === id && !run.isDeleted)
  return runs.map((run) => {
    const models = twin.models.filter(({ runId, status }) => runId === run.id && status === 'LOGGED_MODEL_READY')
    const roots = [
      [`${id}/${run.id}/artifacts/`, ''],
      [`/api/v4/projects/7/packages/ml_models/candidate:${run.id}/files/`, ''],
      ...models.map((model) => [`${id}/models/${model.id}/artifacts/`, 'model/']),
    ] as const
    const files = [...twin.artifacts].flatMap(([path, { length }]) =>
      roots.flatMap(([root = '', prefix]) =>
        path.startsWith(root) ? [[prefix + path.slice(root.length), length]] : [],
      ),
    )
    const metrics: Record<string, [number, number][]> = {}
    for (const { key, step, value } of run.metrics) metrics[key] = [...(metrics[key] ?? []), [step, Number(value)]]
    return {
      id: run.id,
      status: run.status.toLowerCase(),
      startedAt: run.startTime,
      endedAt: run.endTime ?? null,
      tags: Object.fromEntries(run.tags),
      params: Object.fromEntries(run.params),
      metrics,
      datasets: datasetsOf(run.datasets),
      files: Object.fromEntries(files),
    }
  })
}

function datasetsOf(datasets: readonly Record<string, unknown>[]): ReadRun['datasets'] {
  const read = datasets.map((one) => {
    const { tags, dataset } = one as { tags: { key: string; value: string }[]; dataset: { source: string } }
    const tagged = Object.fromEntries(tags.map(({ key, value }) => [key, value]))
    const { uri } = JSON.parse(dataset.source) as { uri: string }
    return [uri, tagged['mlflow.data.context'] ?? '', tagged['headgate.digest'] ?? ''] as const
  })
  return [...new Map(read.map((one) => [one.join(), one])).values()]
}

for (const dialect of ['3', '2', 'gitlab'] as const) {
  const isGitlab = dialect === 'gitlab'
  trackingConformance(`a twin of ${isGitlab ? 'GitLab' : `MLflow ${dialect}`}`, async (): Promise<Bench> => {
    const twin = await started(dialect)
    return {
      open: (experiment) => trackingAt(twin, { experiment }),
      read: async (experiment) => readTwin(twin, experiment),
      ...(isGitlab ? { keeps: (path) => !path.includes('/'), hasDatasets: false } : {}),
    }
  })
}

const beginning: Beginning = {
  runId: 'r1',
  model: 'm',
  key: `sha256:${'a'.repeat(64)}`,
  commit: '',
  command: 'x',
  startedAt: new Date(0),
  data: [],
  owner: { runId: 'r1', executor: 'process', ciRun: null, ciAttempt: 1, process: { place: '', pid: 1, startedAt: '' } },
}
const left: Left = {
  end: 'finished',
  endedAt: new Date(1000),
  params: { alpha: 1, beta: 2 },
  metrics: { auc: 0.7, loss: null },
  output: '/nowhere',
  artifacts: [],
  modelDigest: null,
  error: undefined,
}

test('a server that goes away during the training is told once, and the rest is not waited for', async () => {
  const twin = await started('3')
  const run = await trackingAt(twin).open(beginning, async () => false)
  twin.faults = [{}]
  const calls = twin.calls.length
  const told = await run.finish(left)
  expect(told[0]).toMatch(/^the parameters: GET mlflow\/runs\/get was sent to .* twice.*closed on the way/s)
  expect(told.slice(1)).toEqual([
    'the course of the metrics: not tried, since the server was away.',
    'the model: not tried, since the server was away.',
    'the metrics: not tried, since the server was away.',
    'the artifacts: not tried, since the server was away.',
    'that the run has finished: not tried, since the server was away.',
  ])
  expect(twin.calls.length - calls).toBe(2)
})

test('what cannot be logged is told with its reason, and holds up nothing else', async () => {
  const twin = await started('3')
  const run = await trackingAt(twin).open(beginning, async () => false)
  twin.runs[0]?.params.set('alpha', '7')
  twin.artifactStore = 's3://bucket'
  const other = await trackingAt(twin).open(beginning, async () => false)
  const artifacts = [{ path: 'predictions.csv', digest: beginning.key, bytes: 1 }]
  const told = await other.finish({ ...left, params: { ...left.params, 'a(b)': 1 }, artifacts })
  expect(told).toEqual([
    'the parameter "alpha" is 1, and the code itself logged 7.',
    expect.stringMatching(/^the parameter "a\(b\)" has a name with other characters/),
    'the metric "loss" is no finite number.',
    expect.stringMatching(/^the artifacts: MLflow 3\.17\.2 at .* in s3\..*--serve-artifacts/),
  ])
  expect(twin.runs[0]).toMatchObject({ status: 'FINISHED' })
  expect(Object.fromEntries(twin.runs[0]?.params ?? [])).toEqual({ alpha: '7', beta: '2' })
  expect(run.reference.url).toBe(`${twin.url}/#/experiments/1/runs/run1`)
})

test('an interruption while logging is an interruption', async () => {
  const twin = await started('3')
  const controller = new AbortController()
  const run = await trackingAt(twin, { signal: controller.signal }).open(beginning, async () => false)
  twin.onCall = () => controller.abort(new Error('cancelled'))
  await expect(run.finish(left)).rejects.toThrow('cancelled')
  await run.end('killed')
  expect(twin.runs[0]?.status).toBe('KILLED')
})

test('the experiment is the setting’s, the variable’s or the model’s', async () => {
  const twin = await started('3')
  const environment = { MLFLOW_TRACKING_URI: twin.url }
  await trackingAt(twin, { experiment: 'set' }).open(beginning, async () => false)
  await trackingAt(twin, { environment: { ...environment, MLFLOW_EXPERIMENT_NAME: 'named' } }).open(
    beginning,
    async () => false,
  )
  await trackingAt(twin, { environment: { ...environment, MLFLOW_EXPERIMENT_ID: '0' } }).open(
    beginning,
    async () => false,
  )
  await trackingAt(twin).open(beginning, async () => false)
  const names = [...twin.experiments].map(([name, id]) => [id, name])
  expect(twin.runs.map((run) => Object.fromEntries(names)[run.experimentId])).toEqual(['set', 'named', 'Default', 'm'])
})

test('GitLab gets the job’s id, by which it links them', async () => {
  const twin = await started('gitlab')
  await trackingAt(twin).open(beginning, async () => false)
  expect(twin.runs[0]?.tags.get('gitlab.CI_JOB_ID')).toBe('42')
})

// The right side is what Python 3.11 prints for `str(json.loads(…))` of the left.
test.each([
  ['0.1', '0.1'],
  ['1e-5', '1e-05'],
  ['0.0001', '0.0001'],
  ['0.00012345', '0.00012345'],
  ['1.5e-7', '1.5e-07'],
  ['1e-300', '1e-300'],
  ['12345678901234567000', '12345678901234567000'],
  ['1e21', '1e+21'],
  ['true', 'True'],
  ['null', 'None'],
  ['"as is\'s"', "as is's"],
  ['["a", "it\'s", "q\\"q", 1, [true]]', "['a', \"it's\", 'q\"q', 1, [True]]"],
  ['{"a": {"b": "c\\nd"}}', "{'a': {'b': 'c\\nd'}}"],
])('the parameter %s is logged as Python prints it', (json, expected) => {
  expect(parameterText(JSON.parse(json))).toBe(expected)
})
