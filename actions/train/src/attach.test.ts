import { Interruption } from '@headgate/core'
import { expect, test } from 'vitest'
import { lastingExecutor } from '../test/lasting.ts'
import { makeProject, portsOf, settingsOf } from '../test/project.ts'
import type { Spec } from './executors/port.ts'
import { run } from './run.ts'

/** A training that was detached, and other jobs of the same system beside it. */
async function scene() {
  const root = makeProject()
  const { executor, jobs, end } = lastingExecutor()
  const aborted = new AbortController()
  aborted.abort(new Interruption('SIGINT'))
  const settings = settingsOf(root, { executor: 'docker', docker: { image: 'train:1' } })
  const submitted = async (more: object) =>
    JSON.parse(
      (await run({ ...settings, detach: true, ...more }, portsOf(root, [], { executor }))).body.run.handle ?? '',
    )
  const handle = await submitted({})
  const others = await submitted({ model: 'other' })
  const attach = (given: object, signal = new AbortController().signal) =>
    run({ ...settings, attach: JSON.stringify(given) }, portsOf(root, [], { executor, signal }))
  return { handle, others, attach, jobs, end, aborted: aborted.signal }
}

test('a handle that names another model’s job touches it in no way, even when it is cancelled', async () => {
  const { handle, others, attach, jobs, aborted } = await scene()
  for (const forged of [
    { ...handle, job: others.job },
    { ...handle, job: others.job, runId: others.runId },
  ])
    for (const signal of [undefined, aborted])
      await expect(attach(forged, signal)).rejects.toThrow(/the job that it names is run \S+ of other/)
  expect([...jobs.values()].map(({ state }) => state)).toEqual(['running', 'running'])
})

test('a handle that names what is no training is refused, and one whose job is gone is told as lost', async () => {
  const { handle, attach, jobs } = await scene()
  jobs.set('database', { spec: {} as Spec, state: 'running' })
  await expect(attach({ ...handle, job: { name: 'database' } })).rejects.toThrow('is no training of Headgate’s')
  expect(jobs.get('database')?.state).toBe('running')
  jobs.delete(handle.job.name)
  expect((await attach(handle)).body.error?.message).toContain('was lost')
})

test('a training of this machine’s own cannot be attached to', async () => {
  const root = makeProject()
  const { body } = await run(settingsOf(root), portsOf(root))
  const rest = { schema: 'headgate/handle@1', commit: '', trust: 'main', startedAt: new Date().toISOString(), job: {} }
  const forged = { model: 'm', runId: body.run.id, executor: 'process', key: body.key, ...rest }
  const attaching = run({ ...settingsOf(root), attach: JSON.stringify(forged) }, portsOf(root))
  await expect(attaching).rejects.toThrow('ends with the job that started it')
})

test.each(['{', '{"schema":"headgate/handle@1"}', '[]', 'no-such-file', '.headgate'])(
  'what is no handle is a mistake of the user: %s',
  async (attach) => {
    const root = makeProject()
    await expect(run({ ...settingsOf(root), attach }, portsOf(root))).rejects.toThrow(/is no handle|no such file/)
  },
)
