import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { describeSystem } from '../describe-system.ts'
import { type Mlflow, prepare, start, versions } from './start.ts'

const run = promisify(execFile)
const cases = versions.flatMap((version) => [false, true].map((basicAuth) => ({ version, basicAuth })))
const readBack = `import mlflow, sys
run = mlflow.get_run(sys.argv[1])
print(mlflow.__version__, run.info.status, run.data.metrics, mlflow.artifacts.load_text(run.info.artifact_uri + '/note.txt'))
`

describeSystem('mlflow', await prepare(), () => {
  describe.each(cases)('version $version, basic authentication $basicAuth', ({ version, basicAuth }) => {
    let mlflow: Mlflow

    beforeAll(async () => {
      mlflow = await start({ version, basicAuth })
    })
    afterAll(() => mlflow?.stop())

    function headers(): Record<string, string> {
      const { user } = mlflow
      if (user === undefined) return {}
      return { authorization: `Basic ${Buffer.from(`${user.name}:${user.password}`).toString('base64')}` }
    }

    async function post<Answer>(path: string, body: unknown): Promise<Answer> {
      const answer = await fetch(`${mlflow.address}/api/2.0/mlflow/${path}`, {
        method: 'POST',
        headers: { ...headers(), 'content-type': 'application/json' },
        body: JSON.stringify(body),
      })
      expect(answer.status, await answer.clone().text()).toBe(200)
      return (await answer.json()) as Answer
    }

    test('its Python client reads back a run, a metric and an artifact that were written by HTTP', async () => {
      const experiment = await post<{ experiment_id: string }>('experiments/create', { name: 'smoke' })
      const created = await post<{ run: { info: { run_id: string; artifact_uri: string } } }>('runs/create', {
        experiment_id: experiment.experiment_id,
        start_time: 1_700_000_000_000,
      })
      const { run_id, artifact_uri } = created.run.info
      await post('runs/log-metric', { run_id, key: 'rmse', value: 0.25, timestamp: 1_700_000_000_000 })
      const path = artifact_uri.replace('mlflow-artifacts:', '/api/2.0/mlflow-artifacts/artifacts')
      const put = await fetch(`${mlflow.address}${path}/note.txt`, {
        method: 'PUT',
        headers: headers(),
        body: 'Zürich',
      })
      expect(put.status).toBe(200)
      await post('runs/update', { run_id, status: 'FINISHED', end_time: 1_700_000_001_000 })
      const python = join(mlflow.commands, 'python')
      const { stdout } = await run(python, ['-c', readBack, run_id], { env: mlflow.environment })
      expect(stdout.trim()).toMatch(new RegExp(`^${version}\\.\\S+ FINISHED \\{'rmse': 0\\.25\\} Zürich$`))
    })

    test('who has no password is turned away where one is asked for, and only there', async () => {
      const answer = await fetch(`${mlflow.address}/api/2.0/mlflow/experiments/get?experiment_id=0`)
      expect(answer.status).toBe(basicAuth ? 401 : 200)
    })
  })
})
