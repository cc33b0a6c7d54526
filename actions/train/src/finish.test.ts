import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Interruption, OutsideError } from '@headgate/core'
import { expect, test } from 'vitest'
import { lastingExecutor } from '../test/lasting.ts'
import { makeProject, portsOf, settingsOf } from '../test/project.ts'
import { finish, run } from './index.ts'
import type { Ports } from './ports.ts'

/** A training by jobs that last; what the step keeps comes into `kept`. */
function scene(more: Partial<Ports> = {}) {
  const root = makeProject()
  const { executor, jobs, end } = lastingExecutor()
  const kept: string[] = []
  const lines: string[] = []
  const ports = portsOf(root, lines, { executor, keep: (handle) => kept.push(handle), ...more })
  const settings = settingsOf(root, { executor: 'docker', docker: { image: 'train:1' } })
  return { settings, ports, jobs, end, kept, lines }
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await sleep(10)
}

test('the post step of a step that was killed ends the training it waited for', async () => {
  const { settings, ports, jobs, end, kept, lines } = scene()
  const waiting = run(settings, ports)
  await until(() => kept.length > 0)
  await finish(settings, ports, kept.at(-1) ?? '')
  expect([...jobs]).toEqual([])
  expect(lines.join('\n')).toMatch(/Ended run \S+: the step that waited for it was interrupted\./)
  end('succeeded')
  await waiting.catch(() => undefined)
})

test('a step that came to its end, or that was cancelled, leaves nothing to its post step', async () => {
  const ended = scene()
  const waiting = run(ended.settings, ended.ports)
  await until(() => ended.kept.length > 0)
  ended.end('succeeded')
  await waiting
  expect(ended.kept.at(-1)).toBe('')

  const controller = new AbortController()
  const cancelled = scene({ signal: controller.signal })
  const running = run(cancelled.settings, cancelled.ports)
  const refused = expect(running).rejects.toThrow(Interruption)
  await until(() => cancelled.kept.length > 0)
  controller.abort(new Interruption('SIGINT'))
  await refused
  expect([...cancelled.jobs]).toEqual([])
  expect(cancelled.kept.at(-1)).toBe('')
})

test('a training that is not waited for says what to attach to', async () => {
  const { settings, ports } = scene()
  const { summary } = await run({ ...settings, detach: true }, ports)
  expect(summary).toMatch(/^Submitted to docker as run \S+, and not waited for\. /)
  expect(summary).toContain('give `attach` the output `handle`, or .headgate/m/handle.json.')
  expect(JSON.parse(readFileSync(join(settings.workFolder, 'handle.json'), 'utf8'))).toMatchObject({ model: 'm' })
})

test('what the step could not end is left to its post step', async () => {
  const controller = new AbortController()
  const { settings, ports, jobs, kept } = scene({ signal: controller.signal })
  const { cancel } = ports.executor
  ports.executor.cancel = async () => {
    throw new OutsideError({ tried: 'Tried to cancel.', state: 'It still runs.', next: 'Cancel it.' })
  }
  const running = run(settings, ports)
  const refused = expect(running).rejects.toThrow()
  await until(() => kept.length > 0)
  controller.abort(new Interruption('SIGINT'))
  await refused
  expect(jobs.size).toBe(1)
  ports.executor.cancel = cancel
  await finish(settings, ports, kept.at(-1) ?? '')
  expect([...jobs]).toEqual([])
})

test('a training that is detached is nobody’s to end', async () => {
  const { settings, ports, kept, jobs } = scene()
  await run({ ...settings, detach: true }, ports)
  expect(jobs.size).toBe(1)
  expect(kept).toEqual([])
})
