import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { identifyProcess } from '@headgate/systems'
import { expect, test } from 'vitest'
import { processExecutor } from '../executors/process/executor.ts'
import { isGone, type Owner, ownerOf } from './owner.ts'

type Surroundings = Parameters<typeof isGone>[1]

const here = (more: Partial<Surroundings> = {}): Surroundings => ({
  executor: processExecutor('/tmp'),
  ciRun: null,
  ciAttempt: 1,
  runState: undefined,
  ...more,
})
const nobody: ReadonlySet<string> = new Set()
const own = (more: Partial<Surroundings> = {}): Promise<Owner> => ownerOf(here(more), 'r1')

test('whoever still runs carries its run on; who was killed does not', async () => {
  expect(await isGone(await own(), here(), nobody)).toBe(false)
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'])
  const identity = await identifyProcess(child.pid ?? 0)
  const { process: self, ...rest } = await own()
  const owner = { ...rest, process: { ...self, ...(identity ?? { pid: 0, startedAt: '' }) } }
  expect(await isGone(owner, here(), nobody)).toBe(false)
  child.kill('SIGKILL')
  await once(child, 'exit')
  expect(await isGone(owner, here(), nobody)).toBe(true)
  // The same id on another machine is another process.
  expect(await isGone({ ...owner, process: { ...owner.process, place: 'elsewhere' } }, here(), nobody)).toBe(false)
})

test('a CI run carries its trainings on until it is over, or tried again', async () => {
  const { process: self, ...rest } = await own({ ciRun: '7' })
  const owner = { ...rest, process: { ...self, place: 'elsewhere' } }
  const asked = (state: 'running' | 'cancelled') => here({ ciRun: '8', runState: async () => state })
  expect(await isGone(owner, asked('running'), nobody)).toBe(false)
  expect(await isGone(owner, asked('cancelled'), nobody)).toBe(true)
  expect(await isGone(owner, here({ ciRun: '7', ciAttempt: 1 }), nobody)).toBe(false)
  expect(await isGone(owner, here({ ciRun: '7', ciAttempt: 2 }), nobody)).toBe(true)
  const silent = here({ ciRun: '8', runState: () => Promise.reject(new Error('503')) })
  expect(await isGone(owner, silent, nobody)).toBe(false)
  expect(await isGone(owner, here({ ciRun: '8' }), nobody)).toBe(false)
})

test('a job that outlives its submitter carries its run on itself, wherever it can be asked', async () => {
  const owner = { ...(await own({ ciRun: '7' })), executor: 'docker' }
  const docker = { ...processExecutor('/tmp'), name: 'docker' as const, isLasting: true }
  const asked = here({ executor: docker, ciRun: '8', runState: async () => 'cancelled' as const })
  expect(await isGone(owner, asked, new Set(['r1']))).toBe(false)
  expect(await isGone(owner, asked, nobody)).toBe(true)
  expect(await isGone(owner, { ...asked, executor: processExecutor('/tmp') }, nobody)).toBe(false)
})
