import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Document, Verdict } from '@headgate/core'
import { deploymentSchema, digestOf, Interruption, strictJson, UserError } from '@headgate/core'
import { endProcessGroup, freePort, identifyProcess, readService } from '@headgate/systems'
import { afterEach, expect, test } from 'vitest'
import {
  makeProject,
  type Project,
  portsOf,
  processesOf,
  readMemory,
  recorded,
  register,
  settingsOf,
  writeMemory,
} from '../test/project.ts'
import type { Ports } from './ports.ts'
import { rollback, run } from './run.ts'
import { readState } from './targets/process/state.ts'

const projects: Project[] = []

async function open(): Promise<Project> {
  const project = makeProject(await freePort())
  projects.push(project)
  return project
}

afterEach(async () => {
  for (const project of projects.splice(0)) {
    const { serving, starting, retiring } = await readState(join(project.root, 'state'))
    for (const one of [serving, starting, retiring]) if (one) await endProcessGroup(one.process, 500)
    const front = await readService(join(project.root, 'state', 'front.pid'))
    if (front) await endProcessGroup(front, 500)
  }
})

async function deploy(project: Project, more: Record<string, unknown> = {}, ports: Partial<Ports> = {}) {
  const settings = settingsOf(project, more)
  const found = await run(settings, portsOf(project, settings, ports))
  deploymentSchema.parse(found.body)
  return found
}

async function served(project: Project): Promise<unknown> {
  const response = await fetch(`http://127.0.0.1:${project.port}/predict`)
  return ((await response.json()) as { version?: unknown }).version
}

function statusOf(steps: readonly { name: string; status: string }[], name: string): string | undefined {
  return steps.find((step) => step.name === name)?.status
}

/** Versions and fronts: what must run after a deployment is one of each. */
const oneVersionAndTheFront = 2

const elsewhere = { runner: 'github', branch: '7/merge', defaultBranch: 'main' } as const

test('the first version is served, and becomes the champion', async () => {
  const project = await open()
  await register(project, '1.0.0', { verdict: 'no-baseline', bootstrap: true })
  const found = await deploy(project)
  expect(found).toMatchObject({ verdict: 'pass', body: { version: '1.0.0', previousVersion: null, rolledBack: false } })
  expect(found.body.steps.map(({ status }) => status)).toEqual(Array(9).fill('done'))
  expect(await served(project)).toBe('1.0.0')
  const { aliases, entries } = readMemory(project)
  expect(aliases.champion).toBe('1.0.0')
  expect(entries).toMatchObject([
    { kind: 'deployment', version: '1.0.0', status: 'succeeded', previousVersion: null, actor: 'ada' },
    { kind: 'promotion', alias: 'champion', version: '1.0.0', previous: null },
  ])
  expect(recorded(project).steps.at(-1)).toMatchObject({ name: 'stop old', status: 'done' })
})

test('deploying what serves already changes nothing, and says so', async () => {
  const project = await open()
  await register(project, '1.0.0')
  await deploy(project)
  const before = processesOf(project)
  const again = await deploy(project)
  expect(again.summary).toBe('Version 1.0.0 serves production already: nothing to do.')
  expect(processesOf(project)).toEqual(before)
  expect(readMemory(project).entries).toHaveLength(2)
})

test('an upgrade under constant load loses no request, and the old version is ended', async () => {
  const project = await open()
  await register(project, '1.0.0')
  await deploy(project)
  await register(project, '2.0.0', { baseline: '1.0.0' })
  const answers = new Map<unknown, number>()
  const failures: unknown[] = []
  let loading = true
  const load = async (waitMs: number): Promise<void> => {
    while (loading) {
      try {
        const response = await fetch(`http://127.0.0.1:${project.port}/predict?wait=${waitMs}`)
        const { version } = (await response.json()) as { version: unknown }
        if (response.status !== 200) failures.push(response.status)
        answers.set(version, (answers.get(version) ?? 0) + 1)
      } catch (error) {
        failures.push(error)
      }
    }
  }
  const clients = [0, 1, 5, 300, 700].map(load)
  const found = await deploy(project)
  await sleep(300)
  loading = false
  await Promise.all(clients)
  expect(failures).toEqual([])
  expect(found).toMatchObject({ verdict: 'pass', body: { previousVersion: '1.0.0' } })
  expect(answers.get('1.0.0')).toBeGreaterThan(10)
  expect(answers.get('2.0.0')).toBeGreaterThan(10)
  expect([...answers.keys()].sort()).toEqual(['1.0.0', '2.0.0'])
  expect(await served(project)).toBe('2.0.0')
  expect(processesOf(project)).toHaveLength(oneVersionAndTheFront)
  expect(readMemory(project).aliases.champion).toBe('2.0.0')
})

test.each([
  ['start', 'health', 'cannot load the model: späť ***'],
  ['health', 'health', 'did not become healthy in 1 s (/health: status 503)'],
  ['predict', 'smoke', 'POST /predict: expected status 200, got 500; answered {"error":"no score"}'],
] as const)('a version that breaks at %s never gets traffic', async (breaks, step, evidence) => {
  const project = await open()
  await register(project, '1.0.0')
  await deploy(project)
  await register(project, '2.0.0', { breaks })
  const found = await deploy(project, { healthTimeout: '1s', env: { TOKEN: 's3cr3t-token' } })
  expect(found).toMatchObject({ verdict: 'fail', exitCode: 1, body: { rolledBack: true, previousVersion: '1.0.0' } })
  expect(statusOf(found.body.steps, step)).toBe('failed')
  expect(statusOf(found.body.steps, 'switch')).toBe('skipped')
  expect(found.body.error?.message).toContain(evidence)
  expect(await served(project)).toBe('1.0.0')
  expect(processesOf(project)).toHaveLength(oneVersionAndTheFront)
  const { aliases, entries } = readMemory(project)
  expect(aliases.champion).toBe('1.0.0')
  expect(entries.at(-1)).toMatchObject({ kind: 'deployment', version: '2.0.0', status: 'rolled-back' })
})

test('a first version that breaks leaves nothing running', async () => {
  const project = await open()
  await register(project, '1.0.0', { breaks: 'predict' })
  const found = await deploy(project)
  expect(found).toMatchObject({ exitCode: 1, body: { previousVersion: null } })
  expect(found.summary).toBe('Version 1.0.0 was not deployed to production: smoke failed; nothing serves.')
  expect(processesOf(project)).toEqual([])
  expect(readMemory(project).aliases.champion).toBeUndefined()
})

test('a champion that moved meanwhile stops the promotion, and the traffic goes back', async () => {
  const project = await open()
  await register(project, '1.0.0')
  await deploy(project)
  await register(project, '2.0.0', { baseline: '1.0.0' })
  const settings = settingsOf(project)
  const ports = portsOf(project, settings)
  const registry: Ports['registry'] = {
    ...ports.registry,
    promote: (request) => {
      const memory = readMemory(project)
      memory.aliases.champion = '1.5.0'
      writeMemory(project, memory)
      return ports.registry.promote(request)
    },
  }
  const found = await run(settings, { ...ports, registry })
  expect(found).toMatchObject({ exitCode: 1, body: { rolledBack: true } })
  expect(found.body.error?.message).toContain('gate again against v1.5.0')
  expect(await served(project)).toBe('1.0.0')
  expect(processesOf(project)).toHaveLength(oneVersionAndTheFront)
})

test('a version that was gated against another champion is refused before anything starts', async () => {
  const project = await open()
  await register(project, '1.0.0')
  await deploy(project)
  await register(project, '3.0.0', { baseline: '0.9.0' })
  const found = await deploy(project)
  expect(found).toMatchObject({ exitCode: 1, body: { rolledBack: false } })
  expect(found.body.error?.message).toContain('gated against v0.9.0, but the champion is v1.0.0 now: gate again')
})

test.each(['fail', 'inconclusive', 'no-baseline'] as const)(
  'a version whose gate said %s is refused',
  async (verdict) => {
    const project = await open()
    await register(project, '1.0.0', { verdict })
    const found = await deploy(project)
    expect(found).toMatchObject({ verdict: 'fail', exitCode: 1 })
    expect(found.body.error?.message).toBe(`The gate of version 1.0.0 said ${verdict}: it may not be deployed.`)
    expect(processesOf(project)).toEqual([])
  },
)

/** What the gate wrote of a model, with this verdict. */
function evaluationText(verdict: Verdict, modelDigest: string | null): string {
  const digest = digestOf('file')
  const document: Document<'evaluation'> = {
    schema: 'headgate/evaluation@1',
    verdict,
    summary: '',
    model: 'm',
    commit: '',
    createdAt: '2026-01-01T00:00:00Z',
    tool: 'headgate 0',
    runner: { kind: 'local', event: 'push', os: 'linux' },
    inputs: [],
    durationMs: 0,
    task: 'binary',
    policy: { path: 'headgate.yml', ref: null, digest },
    evidence: 'held-out',
    testData: null,
    candidate: { source: 'predictions.csv', digest, modelDigest, trainingKey: null },
    baseline: { kind: 'none', version: null, digest: null, modelDigest: null, paired: false },
    bootstrap: false,
    seed: 7,
    metrics: [],
    confusion: null,
    calibration: null,
  }
  return strictJson(document)
}

test('an evaluation that is not the recorded one is refused, with both digests', async () => {
  const project = await open()
  await register(project, '1.0.0', { evaluation: evaluationText('pass', null) })
  const swapped = evaluationText('warn', null)
  const found = await deploy(project, {}, { evaluation: async () => swapped })
  expect(found).toMatchObject({ verdict: 'fail', exitCode: 1 })
  expect(found.body.error?.message).toBe(
    `The evaluation kept with version 1.0.0 has the digest ${digestOf(swapped)}; its lineage names ${digestOf(evaluationText('pass', null))}.`,
  )
  expect(processesOf(project)).toEqual([])
})

test('an evaluation that says another verdict than the lineage, or is of another model, is refused', async () => {
  const project = await open()
  const failed = evaluationText('fail', null)
  await register(project, '1.0.0', { evaluation: failed })
  const found = await deploy(project, {}, { evaluation: async () => failed })
  expect(found.body.error?.message).toBe(
    `The evaluation of version 1.0.0 (${digestOf(failed)}) says fail, its lineage pass: it may not be deployed.`,
  )
  const other = evaluationText('pass', digestOf('another'))
  await register(project, '2.0.0', { evaluation: other })
  const second = await deploy(project, {}, { evaluation: async () => other })
  expect(second.body.error?.message).toContain(`is of another model (${digestOf('another')}`)
  expect(processesOf(project)).toEqual([])
})

test('a version whose verdict was not recomputed is refused, unless it was adopted from production', async () => {
  const project = await open()
  await register(project, '1.0.0', { recomputed: false })
  const found = await deploy(project)
  expect(found).toMatchObject({ verdict: 'fail', exitCode: 1 })
  expect(found.body.error?.message).toMatch(
    /^The record of version 1\.0\.0 does not say that its verdict was recomputed/,
  )
  expect(processesOf(project)).toEqual([])
  await register(project, '2.0.0', { imported: true })
  expect(await deploy(project)).toMatchObject({ verdict: 'pass', body: { version: '2.0.0' } })
})

test('files with another digest are never served', async () => {
  const project = await open()
  await register(project, '1.0.0')
  writeFileSync(join(project.root, 'store', '1.0.0', 'model.json'), '{"version":"evil"}')
  const found = await deploy(project)
  expect(found).toMatchObject({ exitCode: 1 })
  expect(statusOf(found.body.steps, 'fetch and verify')).toBe('failed')
  expect(processesOf(project)).toEqual([])
})

test('a port that is taken is the user’s to free', async () => {
  const project = await open()
  await register(project, '1.0.0')
  const squatter = createServer().listen(project.port, '127.0.0.1')
  const found = await deploy(project)
  await new Promise((resolve) => squatter.close(resolve))
  expect(found).toMatchObject({ exitCode: 2 })
  expect(found.body.error?.message).toContain(`port ${project.port} of 127.0.0.1 is taken`)
})

test('what would be lost or is not allowed is refused with all reasons', async () => {
  const project = await open()
  await register(project, '1.0.0')
  const context = { ...elsewhere, event: 'pull-request' as const, ephemeral: true, commit: '', actor: 'ada' }
  const refused = deploy(project, {}, { context })
  await expect(refused).rejects.toThrow(/goes away with its job[\s\S]*only the default branch deploys/)
  await expect(deploy(project, { modelVersion: 'v7.0.0' })).rejects.toThrow('m has no version 7.0.0')
})

test('a preview from a pull request is served, and writes neither alias nor ledger', async () => {
  const project = await open()
  await register(project, '1.0.0')
  const context = { ...elsewhere, event: 'pull-request' as const, ephemeral: true, commit: '', actor: 'ada' }
  const found = await deploy(project, { environment: 'preview', production: false }, { context })
  expect(found.verdict).toBe('pass')
  expect(await served(project)).toBe('1.0.0')
  expect(readMemory(project)).toMatchObject({ aliases: { challenger: '1.0.0' }, entries: [] })
})

const onSource = (file: string, ...args: string[]) =>
  spawnSync(process.execPath, ['--conditions=source', '--disable-warning=ExperimentalWarning', file, ...args], {
    encoding: 'utf8',
  })

test.each([
  ['fetch and verify', 'running', '1.0.0'],
  ['start', 'done', '1.0.0'],
  ['smoke', 'done', '1.0.0'],
  ['switch', 'done', '2.0.0'],
  ['promote', 'done', '2.0.0'],
  ['drain', 'done', '2.0.0'],
])(
  'a run that is killed when %s is %s leaves a version serving, and the next completes it',
  async (step, status, serving) => {
    const project = await open()
    await register(project, '1.0.0')
    await deploy(project)
    await register(project, '2.0.0', { baseline: '1.0.0' })
    const killed = onSource(
      join(import.meta.dirname, '../test/killed.ts'),
      project.root,
      `${project.port}`,
      step,
      status,
    )
    expect(killed).toMatchObject({ signal: 'SIGKILL', stderr: '' })
    expect(await served(project)).toBe(serving)

    const found = await deploy(project)
    expect(found.verdict).toBe('pass')
    expect(await served(project)).toBe('2.0.0')
    expect(processesOf(project)).toHaveLength(oneVersionAndTheFront)
    const { aliases, entries } = readMemory(project)
    expect(aliases.champion).toBe('2.0.0')
    const written = entries.filter(({ kind, ...entry }) => 'version' in entry && entry.version === '2.0.0' && kind)
    expect(written.map(({ kind }) => kind).sort()).toEqual(['deployment', 'promotion'])
    expect(written).toMatchObject([{ previousVersion: '1.0.0' }, { previous: '1.0.0' }])
  },
)

test('a front that died is started again by the next run', async () => {
  const project = await open()
  await register(project, '1.0.0')
  await deploy(project)
  const front = await readService(join(project.root, 'state', 'front.pid'))
  if (front) await endProcessGroup(front, 0)
  await expect(served(project)).rejects.toThrow()
  expect((await deploy(project)).verdict).toBe('pass')
  expect(await served(project)).toBe('1.0.0')
})

test('a version that died is started again by the next run', async () => {
  const project = await open()
  await register(project, '1.0.0')
  await deploy(project)
  const { serving } = await readState(join(project.root, 'state'))
  if (serving) await endProcessGroup(serving.process, 0)
  expect((await fetch(`http://127.0.0.1:${project.port}/predict`)).status).toBe(502)
  expect((await deploy(project)).verdict).toBe('pass')
  expect(await served(project)).toBe('1.0.0')
})

test('a cancelled deployment ends what it started, and the old version serves on', async () => {
  const project = await open()
  await register(project, '1.0.0')
  await deploy(project)
  await register(project, '2.0.0', { breaks: 'health' })
  const controller = new AbortController()
  setTimeout(() => controller.abort(new Interruption('SIGTERM')), 700)
  await expect(deploy(project, {}, { signal: controller.signal })).rejects.toThrow('Interrupted by SIGTERM')
  expect(await served(project)).toBe('1.0.0')
  expect(processesOf(project)).toHaveLength(oneVersionAndTheFront)
})

test('of two deployments at once one waits, and then is refused', async () => {
  const project = await open()
  await register(project, '1.0.0')
  const me = await identifyProcess(process.pid)
  const settings = settingsOf(project)
  const other = portsOf(project, settings).target
  await other.open()
  expect(JSON.parse(readFileSync(join(project.root, 'state', 'lock'), 'utf8'))).toEqual(me)
  await expect(deploy(project)).rejects.toThrow('Another deployment to this environment is under way')
  await other.close()
  writeFileSync(join(project.root, 'state', 'lock'), '{"pid":1,"startedAt":"before the last boot"}')
  expect((await deploy(project)).verdict).toBe('pass')
})

test('a rollback serves the last good version, moves the alias back, and tells the ledger why', async () => {
  const project = await open()
  await register(project, '1.0.0')
  await deploy(project)
  await register(project, '2.0.0', { baseline: '1.0.0' })
  await deploy(project)
  const settings = { ...settingsOf(project), to: undefined, reason: 'too many complaints' }
  const found = await rollback(settings, portsOf(project, settings))
  expect(found).toMatchObject({
    verdict: 'pass',
    body: { version: '1.0.0', previousVersion: '2.0.0', rolledBack: true },
  })
  expect(await served(project)).toBe('1.0.0')
  const { aliases, entries } = readMemory(project)
  expect(aliases.champion).toBe('1.0.0')
  expect(entries.slice(-2)).toMatchObject([
    { kind: 'deployment', version: '1.0.0', reason: 'rollback from 2.0.0 to 1.0.0: too many complaints' },
    { kind: 'promotion', version: '1.0.0', previous: '2.0.0' },
  ])
})

async function rollBack(project: Project, to?: string) {
  const settings = { ...settingsOf(project), to, reason: 'too many complaints' }
  return rollback(settings, portsOf(project, settings))
}

test('a second rollback goes one version further back, and never to one that was rolled back from', async () => {
  const project = await open()
  await register(project, '1.0.0')
  await deploy(project)
  for (const [version, baseline] of [
    ['2.0.0', '1.0.0'],
    ['3.0.0', '2.0.0'],
  ] as const) {
    await register(project, version, { baseline })
    await deploy(project)
  }
  expect((await rollBack(project)).body.version).toBe('2.0.0')
  expect((await rollBack(project)).body.version).toBe('1.0.0')
  const none = await rollBack(project).catch((error: unknown) => error)
  expect(none).toBeInstanceOf(UserError)
  expect(String(none)).toMatch(
    /no other good version of production; rolled back from before: 3\.0\.0, 2\.0\.0\. .*--to/,
  )
  expect(await served(project)).toBe('1.0.0')
  // Asked for by name it is served; and then it is good again, and what it replaced is not.
  expect((await rollBack(project, '3.0.0')).body.version).toBe('3.0.0')
  await expect(rollBack(project)).rejects.toThrow('rolled back from before: 2.0.0, 1.0.0.')
})

test('a version that was rolled back from is good again once it is deployed again', async () => {
  const project = await open()
  await register(project, '1.0.0')
  await deploy(project)
  await register(project, '2.0.0', { baseline: '1.0.0' })
  await deploy(project)
  await rollBack(project)
  await deploy(project, { modelVersion: '2.0.0' })
  await register(project, '3.0.0', { baseline: '2.0.0', breaks: 'predict' })
  expect((await deploy(project)).body.rolledBack).toBe(true)
  await register(project, '4.0.0', { baseline: '2.0.0' })
  await deploy(project)
  expect((await rollBack(project)).body.version).toBe('2.0.0')
})

test('a dry run says what would move, and moves nothing', async () => {
  const project = await open()
  await register(project, '1.0.0')
  const told: string[] = []
  const settings = { ...settingsOf(project), dryRun: true }
  const ports = portsOf(project, settings)
  const found = await run(settings, { ...ports, log: { ...ports.log, notice: (message) => void told.push(message) } })
  expect(found.exitCode).toBe(0)
  expect(told).toEqual([
    `Would move http://127.0.0.1:${project.port}: traffic from nothing to 1.0.0.`,
    'Would move alias champion: from nothing to 1.0.0.',
    'Would move ledger refs/headgate/ledger: deployment and promotion of 1.0.0.',
  ])
  expect(processesOf(project)).toEqual([])
  expect(readMemory(project).entries).toEqual([])
})
