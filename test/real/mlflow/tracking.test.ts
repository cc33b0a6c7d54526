import { execFile } from 'node:child_process'
import { mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { digestOf } from '@headgate/core'
import { describe, expect, test } from 'vitest'
import { type ReadRun, trackingConformance } from '../../../actions/train/src/tracking/conformance.ts'
import { mlflowTracking } from '../../../actions/train/src/tracking/mlflow/tracking.ts'
import { type Server, servers } from './server.ts'

const source = { user: 'ada', isCi: true, branch: 'main', url: 'https://ci.example.org/7', gitlabJob: undefined }

/** All runs of an experiment, by MLflow's own client. */
const readRuns = `
def files(uri, prefix=''):
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository
    repository = get_artifact_repository(uri)
    def below(path):
        for f in repository.list_artifacts(path):
            if f.is_dir: yield from below(f.path)
            else: yield (prefix + f.path, f.file_size or 0)
    return dict(below(None))
def read(run):
    id = run.info.run_id
    found = files(run.info.artifact_uri)
    for output in (run.outputs.model_outputs if getattr(run, 'outputs', None) else []):
        model = client.get_logged_model(output.model_id)
        assert model.status.value == 'READY', model.status
        found.update(files(model.artifact_location, 'model/'))
    return {
      'id': id, 'status': run.info.status.lower(), 'startedAt': run.info.start_time, 'endedAt': run.info.end_time,
      'tags': run.data.tags, 'params': run.data.params, 'files': found,
      'metrics': {k: [[m.step, m.value] for m in sorted(client.get_metric_history(id, k), key=lambda m: (m.step, m.timestamp))] for k in run.data.metrics},
      'datasets': [[mlflow.data.get_source(i).uri, t['mlflow.data.context'], t['headgate.digest']]
        for i in run.inputs.dataset_inputs for t in [{t.key: t.value for t in i.tags}]],
    }
experiment = client.get_experiment_by_name(a)
runs = [read(client.get_run(r.info.run_id)) for r in client.search_runs([experiment.experiment_id])]
answer(runs)
`

function readRunsOf({ python }: Server, experiment: string): Promise<ReadRun[]> {
  return python(readRuns, experiment)
}

const known = await servers()

for (const server of known)
  trackingConformance(server.title, async () => ({
    open: (experiment) =>
      mlflowTracking({
        environment: server.environment,
        experiment,
        model: 'm',
        source,
        tell: () => undefined,
        signal: new AbortController().signal,
      }),
    read: (experiment) => readRunsOf(server, experiment),
  }))

/** Trains as data scientists do: with MLflow's own logging, which knows nothing of Headgate. */
const trainer = `
import json, os
import mlflow
from sklearn.linear_model import LogisticRegression
params = json.load(open(os.environ['HEADGATE_PARAMS']))
output = os.environ['HEADGATE_OUTPUT']
mlflow.sklearn.autolog(log_models=False)
with mlflow.start_run():
    mlflow.log_params(params)
    model = LogisticRegression(C=params['C']).fit([[0.0], [1.0], [2.0], [3.0]], [0, 0, 1, 1])
    for step in range(3): mlflow.log_metric('own', step / 2, step=step)
mlflow.sklearn.save_model(model, output + '/model')
open(output + '/predictions.csv', 'w').write('id,score\\n1,0.5\\n')
json.dump({'auc': 0.75}, open(output + '/metrics.json', 'w'))
if params.get('fail'): raise SystemExit(3)
`

const command = join(import.meta.dirname, '../../../apps/cli/src/main.ts')

async function train(server: Server, experiment: string, ...words: string[]) {
  const folder = await mkdtemp(join(tmpdir(), 'mlflow-train-'))
  await writeFile(join(folder, 'train.py'), trainer)
  await writeFile(join(folder, 'data.csv'), 'id\n1\n')
  await promisify(execFile)('git', ['init', '-q', folder])
  await promisify(execFile)('git', ['-C', folder, 'add', '.'])
  const run = `${server.interpreter} train.py`
  const given = ['train', '--model', 'm', '--run', run, '--data', 'data.csv', '--experiment', experiment, ...words]
  const quiet = { MLFLOW_DISABLE_TELEMETRY: 'true', GIT_PYTHON_REFRESH: 'quiet', OMP_NUM_THREADS: '1' }
  const { PATH, HOME } = process.env
  const node = ['--conditions=source', '--disable-warning=ExperimentalWarning', command]
  const ended = await promisify(execFile)(process.execPath, [...node, ...given], {
    cwd: folder,
    env: { PATH, HOME, ...quiet, ...server.environment },
  }).catch((error: { stderr: string }) => error)
  const file = await readFile(join(folder, '.headgate/m/training.json'), 'utf8').catch(() => expect.fail(ended.stderr))
  return { document: JSON.parse(file), file, stderr: ended.stderr }
}

describe.each(known)('$title', (server) => {
  test('a command that logs by itself logs into the run of the training', async () => {
    const experiment = `autolog ${server.title} ${Date.now()}`
    const { document, file, stderr } = await train(server, experiment, '--param', 'C=0.5', '--param', 'shuffle=true')
    expect(document.verdict, stderr).toBe('pass')
    expect(document.tracking).toMatchObject({ kind: 'mlflow', notLogged: [] })
    const [run, second] = await readRunsOf(server, experiment)
    expect(second).toBeUndefined()
    expect(run).toMatchObject({ id: document.tracking.runId, status: 'finished' })
    expect(run?.params).toMatchObject({ C: '0.5', shuffle: 'True', solver: 'lbfgs' })
    expect(run?.metrics.own).toEqual([
      [0, 0],
      [1, 0.5],
      [2, 1],
    ])
    expect(run?.metrics.auc).toEqual([[0, 0.75]])
    expect(run?.metrics).toHaveProperty('training_accuracy_score')
    expect(run?.tags).toMatchObject({ 'headgate.run_id': document.run.id, 'headgate.document': digestOf(file) })
    expect(run?.files).toMatchObject({ 'predictions.csv': 15, 'model/MLmodel': expect.any(Number) })
    const predicted = await server.python(
      `
run = client.get_run(a)
outputs = getattr(run, 'outputs', None)
uri = 'models:/' + outputs.model_outputs[0].model_id if outputs and outputs.model_outputs else 'runs:/' + a + '/model'
answer(mlflow.sklearn.load_model(uri).predict([[0.0], [3.0]]).tolist())`,
      run?.id,
    )
    expect(predicted).toEqual([0, 1])
  })

  test('a command that fails after its own logging said that it was done is called failed', async () => {
    const experiment = `failed ${server.title} ${Date.now()}`
    const { document } = await train(server, experiment, '--param', 'C=0.5', '--param', 'fail=true')
    expect(document).toMatchObject({ verdict: 'fail', run: { exitCode: 3 } })
    const [run] = await readRunsOf(server, experiment)
    expect(run).toMatchObject({ id: document.tracking.runId, status: 'failed' })
  })
})
