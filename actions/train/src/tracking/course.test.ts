import { OutsideError } from '@headgate/core'
import { type MlflowTwin, startMlflow } from '@headgate/testkit'
import { afterEach, expect, test } from 'vitest'
import { lastingExecutor } from '../../test/lasting.ts'
import { makeProject, portsOf, settingsOf } from '../../test/project.ts'
import type { Ports } from '../ports.ts'
import { run } from '../run.ts'
import { mlflowTracking } from './mlflow/tracking.ts'

const twins: MlflowTwin[] = []
afterEach(async () => {
  for (const twin of twins.splice(0)) await twin.close()
})

async function scene() {
  const twin = await startMlflow()
  twins.push(twin)
  const root = makeProject()
  const lasting = lastingExecutor()
  const source = { user: 'ada', isCi: true, branch: 'main', url: '', gitlabJob: undefined }
  const environment = { MLFLOW_TRACKING_URI: twin.url, MLFLOW_HTTP_REQUEST_MAX_RETRIES: '0' }
  const train = (more: Record<string, unknown> = {}, ports: Partial<Ports> = {}) => {
    const { signal } = { ...portsOf(root), ...ports }
    const options = { environment, experiment: undefined, model: 'm', source, tell: () => undefined, signal }
    const tracking = mlflowTracking(options)
    const all = portsOf(root, [], { executor: lasting.executor, tracking, ...ports })
    return run(settingsOf(root, { executor: 'docker', ...more }), all)
  }
  const statuses = (): string[] => twin.runs.filter(({ isDeleted }) => !isDeleted).map(({ status }) => status)
  return { ...lasting, twin, train, statuses }
}

test('a detached training is left running, and closed by whoever attaches', async () => {
  const { train, statuses, twin, jobs, end } = await scene()
  const { body } = await train({ detach: true })
  expect(statuses()).toEqual(['RUNNING'])
  const [job] = jobs.values()
  expect(job?.spec.variables).toMatchObject({ MLFLOW_RUN_ID: 'run1', MLFLOW_TRACKING_URI: twin.url })
  end('succeeded')
  const attached = await train({ attach: body.run.handle ?? '' })
  expect(attached.body.tracking).toMatchObject({ runId: 'run1', notLogged: [] })
  expect(statuses()).toEqual(['FINISHED'])
  expect(attached.body.run.id).toBe(body.run.id)
})

test('a job that is there already is logged to its own run', async () => {
  const { train, statuses, end } = await scene()
  await train({ detach: true })
  end('succeeded')
  const { body } = await train()
  expect(body.tracking).toMatchObject({ runId: 'run1' })
  expect(statuses()).toEqual(['FINISHED'])
})

test('a job that another submitted in between is logged to its own run, and ours is taken back', async () => {
  const { train, statuses, twin, jobs, onSubmit } = await scene()
  onSubmit((spec) => jobs.set(spec.name, { spec: { ...spec, runId: 'theirs' }, state: 'succeeded' }))
  const { body } = await train()
  const [open] = twin.runs.filter(({ isDeleted }) => !isDeleted)
  expect(body.tracking?.runId).toBe(open?.id)
  expect(open?.tags.get('headgate.run_id')).toBe('theirs')
  expect(statuses()).toEqual(['FINISHED'])
})

test('a job that may go on when its system is out of reach is left running', async () => {
  const { train, statuses, executor } = await scene()
  const away = new OutsideError({ tried: 'Asked.', state: 'No answer.', next: 'Try again.' })
  const status = async () => ({ state: 'succeeded' as const, exitCode: 0 })
  const gone = { ...executor, status, collect: () => Promise.reject(away) }
  await expect(train({}, { executor: gone })).rejects.toThrow('No answer.')
  expect(statuses()).toEqual(['RUNNING'])
})

test('a sweep ends the runs of the jobs that it ends', async () => {
  const { train, statuses, jobs } = await scene()
  await train({ detach: true })
  for (const [name, job] of jobs) {
    const labels = { ...job.spec.labels, deadline: new Date(0).toISOString() }
    jobs.set(name, { ...job, spec: { ...job.spec, labels } })
  }
  await train({ sweep: true })
  expect(statuses()).toEqual(['KILLED'])
})
