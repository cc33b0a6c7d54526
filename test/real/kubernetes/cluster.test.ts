// What needs a cluster, and nothing that runs in it: the simulated node is enough.

import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { describeSystem } from '../describe-system.ts'
import { makeStateFolder } from '../folders.ts'
import { freePorts } from '../server.ts'
import { openAccount } from './account.ts'
import { headgateTrain, makeProject } from './command.ts'
import { type Kubernetes, prepare, start } from './start.ts'
import { openExecutor, training, watchJob } from './training.ts'

describeSystem('kubernetes, as a control plane', await prepare(), () => {
  let kubernetes: Kubernetes

  beforeAll(async () => {
    kubernetes = await start()
    await kubernetes.kubectl('create', 'namespace', 'small')
    await kubernetes.kubectl('create', 'quota', 'small', '--hard=requests.memory=1Gi', '--namespace', 'small')
  })
  afterAll(() => kubernetes?.stop())

  const open = (settings: Record<string, unknown> = {}) => openExecutor(kubernetes.kubeconfig, settings)
  const leftIn = (namespace: string): Promise<string> =>
    kubernetes.kubectl('get', 'jobs,pods,secrets', '-o', 'name', '--namespace', namespace)
  const nowhere = { nodeSelector: { no: 'where' } }

  test('what a quota refuses is an error of the submission, and leaves nothing', async () => {
    const spec = training('', { memoryBytes: 2_000_000_000 })
    await expect(open({ namespace: 'small' }).submit(spec)).rejects.toThrow(/exceeded quota: small.*raise the quota/s)
    expect(await leftIn('small')).toBe('')
  })

  test('where pods may not be tried, the Job tells of the quota', async () => {
    const rights = [
      { apiGroups: ['batch'], resources: ['jobs'], verbs: ['create', 'get', 'list', 'patch', 'delete'] },
      { apiGroups: [''], resources: ['pods', 'events'], verbs: ['get', 'list', 'watch'] },
      { apiGroups: [''], resources: ['pods/exec'], verbs: ['get', 'create'] },
      { apiGroups: [''], resources: ['secrets'], verbs: ['create'] },
    ]
    await kubernetes.kubectl('create', 'quota', 'all', '--hard=requests.memory=1Gi')
    const executor = openExecutor(await openAccount(kubernetes, 'trainer', rights))
    const { job } = await executor.submit(training('', { memoryBytes: 2_000_000_000 }))
    const ended = await watchJob(executor, job)
    expect(ended).toMatchObject({ state: 'failed', cause: 'start' })
    expect(ended.message).toMatch(/exceeded quota: all/)
    await executor.release(job)
    await kubernetes.kubectl('delete', 'quota', 'all')
    expect(await leftIn('default')).toBe('')
  })

  test('a pod that no node takes is why it did not start, after the time it may wait', async () => {
    const executor = open({ ...nowhere, startWithin: '1s' })
    const { job } = await executor.submit(training(''))
    const ended = await watchJob(executor, job)
    expect(ended).toMatchObject({ state: 'failed', cause: 'start' })
    expect(ended.message).toMatch(/no node takes it: 0\/1 nodes are available.*node affinity\/selector/)
    await executor.release(job)
    expect(await leftIn('default')).toBe('')
  })

  test('what waits for ever is ended by the cluster, whoever watches', async () => {
    const executor = open({ ...nowhere, keepFor: '1s' })
    const { job } = await executor.submit(training('', { timeoutMs: 1000 }))
    const limit = { timeout: 60_000, interval: 500 }
    await expect.poll(() => executor.status(job), limit).toMatchObject({ state: 'failed', cause: 'timeout' })
    await executor.release(job)
  })

  test('of two that submit at once one makes the Job; what it is known by is listed', async () => {
    const deadline = '2026-01-02T03:04:05.000Z'
    const plain = training('')
    const spec = { ...plain, labels: { ...plain.labels, deadline } }
    const [one, other] = await Promise.all([open(nowhere).submit(spec), open(nowhere).submit({ ...spec, runId: 'x' })])
    expect([one.isNew, other.isNew].filter(Boolean)).toHaveLength(1)
    expect(one.job).toEqual(other.job)
    expect(one.runId).toBe(other.runId)
    const executor = open(nowhere)
    expect(await executor.list(spec.model)).toMatchObject([
      { job: one.job, name: spec.name, state: 'waiting', labels: { ...spec.labels, runId: one.runId } },
    ])
    expect(await executor.list('other')).toEqual([])
    await executor.cancel(one.job)
    expect(await executor.list(spec.model)).toEqual([])
    expect(await executor.status(one.job)).toMatchObject({ state: 'failed', cause: 'lost' })
  })

  test('a submission that was cut off halfway is replaced by the next', async () => {
    const spec = training('')
    const { job } = await open(nowhere).submit(spec)
    const patch = JSON.stringify([
      { op: 'remove', path: '/metadata/annotations/headgate~1ready' },
      { op: 'replace', path: '/spec/suspend', value: true },
    ])
    await kubernetes.kubectl('patch', 'job', spec.name, '--type=json', '--patch', patch)
    const again = await open(nowhere).submit({ ...spec, runId: 'again' })
    expect(again).toMatchObject({ isNew: true, runId: 'again' })
    expect(again.job.uid).not.toBe(job.uid)
    await open().release(again.job)
  })

  test('a Job of somebody else is left alone', async () => {
    const spec = training('')
    await kubernetes.kubectl('create', 'job', spec.name, '--image=busybox')
    await expect(open().submit(spec)).rejects.toThrow(/that Headgate did not make/)
    await kubernetes.kubectl('delete', 'job', spec.name)
  })

  test('what is too much for the cluster’s database is told to go by URL', async () => {
    const spec = training('')
    await writeFile(join(spec.folder, 'large.bin'), Buffer.alloc(201_000_000))
    await expect(open().submit({ ...spec, files: ['job.py', 'large.bin'] })).rejects.toThrow(/201 MB.*by a URL/s)
  })

  test('names that are not there are told with what to change', async () => {
    const spec = training('')
    await expect(open({ namespace: 'none' }).submit(spec)).rejects.toThrow(/namespaces "none" not found.*namespace: …/s)
    await expect(open({ serviceAccount: 'none' }).submit(spec)).rejects.toThrow(/"none" not found.*service-account: …/s)
    await expect(open({ volumeClaim: 'none' }).submit(spec)).rejects.toThrow(/volume-claim.*no claim none/s)
    expect(() => open({ resources: { requests: { cpu: 'much' } } })).toThrow(/500m/)
    await expect(open({ resources: { limits: { 'no such': 1 } } }).submit(spec)).rejects.toThrow(/resources.*no such/s)
    expect(() => open({ context: 'none' })).toThrow(/no context none.*Use one of: kubebox/s)
    expect(await leftIn('default')).toBe('')
  })

  test('a namespace with the rules `restricted` takes what keeps them, and says so of the rest', async () => {
    await kubernetes.kubectl('create', 'namespace', 'strict')
    await kubernetes.kubectl('label', 'namespace', 'strict', 'pod-security.kubernetes.io/enforce=restricted')
    const strict = { ...nowhere, namespace: 'strict' }
    await expect(open(strict).submit(training(''))).rejects.toThrow(/violates PodSecurity.*restricted: true/s)
    const executor = open({ ...strict, restricted: true })
    const { job } = await executor.submit(training(''))
    await expect.poll(() => kubernetes.kubectl('get', 'pods', '-o', 'name', '-n', 'strict')).toContain(String(job.name))
    await executor.release(job)
    expect(await leftIn('strict')).toBe('')
  })

  test('headgate train without a cluster ends with 2, and says what to set', async () => {
    const root = makeProject({ image: 'x' })
    const { code, stderr } = await headgateTrain(root)
    expect(code).toBe(2)
    expect(stderr).toMatch(/KUBECONFIG is not set, there is no .*\.kube\/config.*Set KUBECONFIG/s)
    const named = await headgateTrain(root, [], { KUBECONFIG: '/none/config' })
    expect(named).toMatchObject({ code: 2, stderr: expect.stringMatching(/KUBECONFIG names \/none\/config/) })
    expect(existsSync(join(root, '.headgate/m/training.json'))).toBe(false)
  })

  test('headgate train with a cluster that cannot be reached ends with 3, and one that refuses us with 2', async () => {
    const settings = JSON.parse(await readFile(kubernetes.kubeconfig, 'utf8'))
    const folder = makeStateFolder('settings')
    const write = async (name: string): Promise<Record<string, string>> => {
      await writeFile(join(folder, name), JSON.stringify(settings))
      return { KUBECONFIG: join(folder, name) }
    }
    settings.users[0].user = { token: 'wrong' }
    const stranger = await headgateTrain(makeProject({ image: 'x' }), [], await write('stranger'))
    expect(stranger).toMatchObject({ code: 2, stderr: expect.stringMatching(/credentials of the context kubebox/) })
    const [port] = await freePorts(1)
    settings.clusters[0].cluster.server = `https://127.0.0.1:${port}`
    const away = await headgateTrain(makeProject({ image: 'x' }), [], await write('away'))
    expect(away.code).toBe(3)
    expect(away.stderr).toMatch(/could not be reached: .*ECONNREFUSED.*Make sure that this machine reaches/s)
  })

  test('headgate train above a quota ends with 2, and its document says why', async () => {
    const root = makeProject({ image: 'x', namespace: 'small', resources: { requests: { memory: '2Gi' } } })
    const { code, stderr } = await headgateTrain(root, [], { KUBECONFIG: kubernetes.kubeconfig })
    expect(code, stderr).toBe(2)
    const document = JSON.parse(await readFile(join(root, '.headgate/m/training.json'), 'utf8'))
    expect(document.error.message).toMatch(/exceeded quota: small/)
    expect(document.error.remedy).toMatch(/raise the quota/)
    expect(await leftIn('small')).toBe('')
  })
})
