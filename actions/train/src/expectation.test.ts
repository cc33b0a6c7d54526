import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { makeProject, portsOf, settingsOf } from '../test/project.ts'
import { kubernetesSettings } from './executors/kubernetes/settings.ts'
import { sizeOf as kubernetesSize } from './executors/kubernetes/size.ts'
import { processExecutor } from './executors/process/executor.ts'
import { raySettings } from './executors/ray/settings.ts'
import { sizeOf as raySize } from './executors/ray/size.ts'
import { machineOf as sparkMachine } from './executors/spark/machine.ts'
import { sparkSettings } from './executors/spark/settings.ts'
import { expectationText, type PastTraining } from './expectation.ts'
import { machineText } from './machine.ts'
import { run } from './run.ts'

function past(durations: readonly number[], more: Partial<PastTraining> = {}): PastTraining[] {
  return durations.map((durationMs, index) => ({
    kind: 'training',
    id: `training-${index}`,
    model: 'm',
    at: '2026-01-02T03:04:05Z',
    commit: null,
    actor: 'ada',
    key: 'k',
    durationMs,
    executor: 'process',
    ...more,
  }))
}

test('before a launch its machine and duration are told, and the document keeps them', async () => {
  const root = makeProject()
  const lines: string[] = []
  // The last five by this executor: 60, 70, 90, 80 and 100 s.
  const trainings = [
    ...past([1000]),
    ...past([60_000, 70_000, 90_000]),
    ...past([1], { executor: 'ray' }),
    ...past([80_000, 100_000]),
  ]
  const ports = portsOf(root, lines, { machine: 'runner big', pastTrainings: async () => trainings })
  const line = 'Executor process, machine runner big; expected to take 1 min, the median of the last 5 trainings.'
  const expected = { machine: 'runner big', durationMs: 80_000, trainings: 5 }
  expect((await run({ ...settingsOf(root), dryRun: true }, ports)).body.expected).toEqual(expected)
  expect(lines).toContain(line)
  lines.length = 0
  const { body } = await run(settingsOf(root), ports)
  expect(body.expected).toEqual(expected)
  const printed = lines.findIndex((text) => text.startsWith('data 2'))
  expect(lines.indexOf(line)).toBeGreaterThanOrEqual(0)
  expect(lines.indexOf(line)).toBeLessThan(printed)
})

test('without a history, or with a ledger that cannot be read, it is trained all the same', async () => {
  const root = makeProject()
  const lines: string[] = []
  const unreachable = async () => Promise.reject(new Error('the remote cannot be reached'))
  const { body, verdict } = await run(settingsOf(root), portsOf(root, lines, { pastTrainings: unreachable }))
  expect([verdict, body.expected]).toEqual(['pass', { machine: null, durationMs: null, trainings: 0 }])
  expect(lines).toContain(
    'Executor process, machine unknown; expected duration unknown, since the ledger could not be read: the remote cannot be reached.',
  )
  const none = { machine: null, durationMs: null, trainings: 0 }
  expect(expectationText(none, { trainings: [] }, settingsOf(root))).toMatch(
    /unknown, since the ledger has no training by process\.$/,
  )
})

test('where no earlier training is at hand, the ledger’s last one says what changed', async () => {
  const root = makeProject()
  const first = await run(settingsOf(root), portsOf(root))
  const { key, keyParts } = first.body
  const pastTrainings = async () => past([1000], { key, keyParts, runId: 'r-1', version: '1.2.0' })
  const reasonOf = async (more: Record<string, unknown>): Promise<string> => {
    const settings = { ...settingsOf(root, more), workFolder: `${root}/.headgate/other`, dryRun: true }
    return (await run(settings, portsOf(root, [], { pastTrainings }))).summary
  }
  expect(await reasonOf({})).toContain('nothing changed since run r-1 (version 1.2.0), but what it left is not here.')
  writeFileSync(join(root, 'data/b.csv'), 'id\n3\n')
  expect(await reasonOf({ param: ['seed=8'] })).toContain(
    'changed since run r-1 (version 1.2.0): the data, the parameters.',
  )
})

test.each([
  [
    { RUNNER_ENVIRONMENT: 'github-hosted', ImageOS: 'ubuntu24', RUNNER_ARCH: 'X64', RUNNER_NAME: 'GitHub Actions 3' },
    /^github-hosted ubuntu24 X64, \d+ CPUs, [\d.]+ GB$/,
  ],
  [{ RUNNER_ENVIRONMENT: 'self-hosted', RUNNER_NAME: 'gpu-box', RUNNER_ARCH: 'X64' }, /^runner gpu-box X64, /],
  [
    { CI_RUNNER_DESCRIPTION: 'blue', CI_RUNNER_TAGS: '["saas-linux-small-amd64"]' },
    /^runner blue \["saas-linux-small-amd64"\], /,
  ],
  [{}, /^\d+ CPUs, [\d.]+ GB$/],
])('a runner of %j is told', (variables, expected) => {
  expect(machineText(processExecutor('/tmp'), { memory: undefined }, variables)).toMatch(expected)
})

test('of another machine only what was asked for is told', () => {
  const variables = { RUNNER_NAME: 'gpu-box' }
  expect(machineText({}, { memory: undefined }, variables)).toBeNull()
  const machine = { isThis: false, size: '2 GPUs' }
  expect(machineText({ machine }, { memory: 4e9 }, variables)).toBe('2 GPUs, at most 4 GB')
})

test('what is asked of an executor is told as its settings name it', () => {
  const kubernetes = kubernetesSettings.parse({
    image: 'train:1',
    resources: { requests: { cpu: 4, memory: '16Gi' }, limits: { gpu: 1 } },
    nodeSelector: { 'node.kubernetes.io/instance-type': 'g5.xlarge' },
  })
  expect(kubernetesSize(kubernetes)).toBe('node.kubernetes.io/instance-type=g5.xlarge, cpu 4, memory 16Gi, gpu 1')
  expect(kubernetesSize(kubernetesSettings.parse({ image: 'train:1' }))).toBeNull()
  expect(raySize(raySettings.parse({ address: 'http://head:8265', resources: { cpus: 2, gpus: 0.5 } }))).toBe(
    '2 CPUs, 0.5 GPUs',
  )
  const master = 'spark://a:7077'
  const spark = { master, conf: { 'spark.executor.instances': '4', 'spark.executor.memory': '8g' } }
  expect(sparkMachine(sparkSettings.parse(spark))).toEqual({
    isThis: false,
    size: 'spark://a:7077, 4 executors, 8g memory each',
  })
  expect(sparkMachine(sparkSettings.parse({ master: 'local[2]' })).isThis).toBe(true)
})
