import { mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readDocument } from '@headgate/files'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { executorConformance } from '../../../actions/train/src/executors/conformance.ts'
import type { Job } from '../../../actions/train/src/executors/port.ts'
import { describeSystem } from '../describe-system.ts'
import { pythonImage } from '../docker/images.ts'
import { makeStateFolder } from '../folders.ts'
import { openAccount } from './account.ts'
import { cloneProject, headgateTrain, makeProject } from './command.ts'
import { addNode, type Node, prepareNode } from './node.ts'
import { type Kubernetes, prepare, start } from './start.ts'
import { onRealNode, openExecutor, training, waitForLine, watchJob } from './training.ts'

const model = `os.mkdir(output + '/model'); open(output + '/model/m', 'w').write('m')`
const rights = [
  { apiGroups: ['batch'], resources: ['jobs'], verbs: ['create', 'get', 'list', 'patch', 'delete'] },
  { apiGroups: [''], resources: ['pods', 'events'], verbs: ['get', 'list', 'watch'] },
  { apiGroups: [''], resources: ['pods/log'], verbs: ['get'] },
  { apiGroups: [''], resources: ['pods/exec'], verbs: ['get', 'create'] },
  { apiGroups: [''], resources: ['secrets'], verbs: ['create', 'delete'] },
]

describeSystem('kubernetes, on a node that runs pods', (await prepare()) ?? (await prepareNode()), () => {
  let kubernetes: Kubernetes
  let node: Node

  beforeAll(async () => {
    kubernetes = await start()
    node = await addNode(kubernetes)
  })
  afterAll(async () => {
    await node?.stop()
    await kubernetes?.stop()
  })

  const open = (settings: Record<string, unknown> = {}) =>
    openExecutor(kubernetes.kubeconfig, { ...onRealNode, ...settings })
  const folder = (): string => mkdtempSync(join(tmpdir(), 'collected-'))
  const read = async (...words: string[]) => JSON.parse(await kubernetes.kubectl('get', ...words, '-o', 'json'))
  const podOf = async ({ uid }: Job): Promise<string> => {
    const pods = await read('pods', '-l', `batch.kubernetes.io/controller-uid=${uid}`)
    return pods.items.at(-1).metadata.name
  }
  async function create(object: object): Promise<void> {
    const file = join(makeStateFolder('object'), 'object.json')
    await writeFile(file, JSON.stringify(object))
    await kubernetes.kubectl('create', '-f', file)
  }

  executorConformance('kubernetes', async () => ({ open: async () => open(), python: 'python3' }))

  test('a pod that is evicted from its node is replaced, and the training succeeds', async () => {
    const executor = open()
    const code = `print('begins', flush=True); time.sleep(4); ${model}; print('ends')`
    const { job } = await executor.submit(training(code))
    await waitForLine(executor, job, 'begins')
    const pod = await podOf(job)
    const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: pod, namespace: 'default' } }
    const file = join(makeStateFolder('eviction'), 'eviction.json')
    await writeFile(file, JSON.stringify(eviction))
    await kubernetes.kubectl('create', '--raw', `/api/v1/namespaces/default/pods/${pod}/eviction`, '-f', file)
    const lines: string[] = []
    expect(await watchJob(executor, job, lines)).toMatchObject({ state: 'succeeded', exitCode: 0 })
    expect(lines.slice(-2)).toEqual(['begins', 'ends'])
    expect(await podOf(job)).not.toBe(pod)
    const into = folder()
    await executor.collect(job, into)
    expect(readFileSync(join(into, 'model/m'), 'utf8')).toBe('m')
    await executor.release(job)
  })

  test('an API server that is killed and comes back costs no line', async () => {
    const executor = open()
    const code = `for number in range(150): print(number, flush=True); time.sleep(0.05)\n${model}`
    const { job } = await executor.submit(training(code))
    await waitForLine(executor, job, '5')
    const lines: string[] = []
    const following = watchJob(executor, job, lines)
    await expect.poll(() => lines.length, { timeout: 60_000 }).toBeGreaterThan(10)
    await kubernetes.apiServer.kill()
    await kubernetes.apiServer.start()
    expect(await following).toMatchObject({ state: 'succeeded' })
    expect(lines).toEqual(Array.from({ length: 150 }, (_, index) => String(index)))
    await executor.release(job)
  })

  test('a secret is in no object but a Secret, and one of the namespace is passed on', async () => {
    await create({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'warehouse' }, stringData: { url: 'db://x' } })
    const executor = open({ secrets: { DATABASE: 'warehouse/url' } })
    const variables = { TOKEN: 's3cr3t-token', PLAIN: '$(TOKEN) $$' }
    const code = `print(os.environ['TOKEN'][::-1], os.environ['DATABASE'], os.environ['PLAIN'])\n${model}`
    const { job } = await executor.submit(training(code, { variables, secretNames: ['TOKEN'] }))
    const lines: string[] = []
    expect(await watchJob(executor, job, lines)).toMatchObject({ state: 'succeeded' })
    expect(lines).toEqual(['nekot-t3rc3s db://x $(TOKEN) $$'])
    expect(JSON.stringify(await read('jobs,pods,events'))).not.toContain('s3cr3t-token')
    await executor.release(job)
    await kubernetes.kubectl('delete', 'secret', 'warehouse')
  })

  test('what nobody watches is ended after its time, and what nobody collects does not stay', async () => {
    const spec = training(`print('hangs', flush=True); time.sleep(600)`, { timeoutMs: 3000 })
    const idle = training(model)
    const executor = open({ keepFor: '2s' })
    const hanging = (await executor.submit(spec)).job
    const waiting = (await executor.submit(idle)).job
    const limit = { timeout: 60_000, interval: 500 }
    await expect.poll(() => executor.status(hanging), limit).toMatchObject({ state: 'failed', cause: 'timeout' })
    await expect.poll(() => executor.status(waiting), limit).toMatchObject({ state: 'failed', cause: 'lost' })
    await expect(executor.collect(waiting, folder())).rejects.toThrow(/keep-for/)
    const again = await executor.submit({ ...idle, runId: 'again' })
    expect(again).toMatchObject({ isNew: true, runId: 'again' })
    for (const job of [hanging, again.job]) await executor.release(job)
  })

  test('an image that cannot be pulled is why it did not start', async () => {
    const executor = open({ image: '127.0.0.1:9/none:1' })
    const { job } = await executor.submit(training(model))
    const ended = await watchJob(executor, job)
    expect(ended).toMatchObject({ state: 'failed', cause: 'start' })
    expect(ended.message).toMatch(/ImagePullBackOff: .*127\.0\.0\.1:9\/none:1/)
    await executor.release(job)
  })

  test('output on a volume outlives its pod, and goes when it is released', async () => {
    const path = makeStateFolder('volume')
    const capacity = { storage: '1Gi' }
    await create({
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: { name: 'output' },
      spec: { capacity, accessModes: ['ReadWriteMany'], storageClassName: '', hostPath: { path } },
    })
    await create({
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name: 'output' },
      spec: { accessModes: ['ReadWriteMany'], storageClassName: '', resources: { requests: capacity } },
    })
    const executor = open({ volumeClaim: 'output' })
    const { job } = await executor.submit(training(model))
    expect(await watchJob(executor, job)).toMatchObject({ state: 'succeeded' })
    await kubernetes.kubectl('wait', '--for=condition=Complete', `job/${job.name}`, '--timeout=60s')
    const into = folder()
    await open({ volumeClaim: 'output' }).collect(job, into)
    expect(readFileSync(join(into, 'model/m'), 'utf8')).toBe('m')
    await executor.release(job)
    expect(readdirSync(join(path, 'headgate'))).toEqual([])
  })

  test('an account with the rights that are told is enough; with fewer, it is told which', async () => {
    const trainer = openExecutor(await openAccount(kubernetes, 'trainer', rights), onRealNode)
    const reader = openExecutor(await openAccount(kubernetes, 'reader', rights.slice(1, 3)), onRealNode)
    const spec = training(`print('done')\n${model}`)
    await expect(reader.submit(spec)).rejects.toThrow(/jobs\.batch .* is forbidden/)
    const { job } = await trainer.submit(spec)
    expect(await watchJob(trainer, job)).toMatchObject({ state: 'succeeded' })
    await trainer.collect(job, folder())
    const looker = openExecutor(
      await openAccount(kubernetes, 'looker', [{ ...rights[0], verbs: ['get'] }, ...rights.slice(1, 3)]),
      onRealNode,
    )
    const lines: string[] = []
    expect(await watchJob(looker, job, lines)).toMatchObject({ state: 'succeeded' })
    expect(lines).toEqual(['done'])
    await expect(looker.collect(job, folder())).rejects.toThrow(/pods\/exec/)
    await expect(looker.release(job)).rejects.toThrow(/cannot delete resource "jobs"/)
    const blind = openExecutor(
      await openAccount(kubernetes, 'blind', [rights[0] as object, ...rights.slice(1, 3)]),
      onRealNode,
    )
    await expect(blind.submit(training(model))).rejects.toThrow(/could not be copied from the pod.*pods\/exec/s)
    await trainer.release(job)
  })

  test('detached here and attached elsewhere, headgate train leaves the document of a direct run', async () => {
    const settings = {
      image: pythonImage,
      'node-selector': onRealNode.nodeSelector,
      tolerations: onRealNode.tolerations,
    }
    const root = makeProject(settings)
    const environment = { KUBECONFIG: kubernetes.kubeconfig }
    const detached = await headgateTrain(root, ['--detach'], environment)
    expect(detached.code, detached.stderr).toBe(0)
    const handle = await readFile(join(root, '.headgate/m/handle.json'), 'utf8')
    const elsewhere = cloneProject(root)
    const attached = await headgateTrain(elsewhere, ['--attach', handle], environment)
    expect(attached.code, attached.stderr).toBe(0)
    expect(attached.stderr).toContain('trained on 3')
    const direct = cloneProject(root)
    expect(await headgateTrain(direct, [], environment)).toMatchObject({ code: 0 })
    const [one, other] = await Promise.all(
      [elsewhere, direct].map((path) => readDocument('training', join(path, '.headgate/m'))),
    )
    expect(one).toMatchObject({ verdict: 'pass', run: { executor: 'kubernetes', exitCode: 0 } })
    expect(one?.environment.image).toBe(pythonImage)
    expect(one?.run.peakMemoryBytes).toBeGreaterThan(1_000_000)
    for (const part of ['artifacts', 'modelArtifact', 'predictions', 'key', 'code', 'data', 'environment'] as const)
      expect(one?.[part]).toEqual(other?.[part])
    expect(readFileSync(join(elsewhere, '.headgate/m/output/model/model.json'), 'utf8')).toBe('{"rows": 3, "seed": 7}')
  })

  test('nothing is left of all of these trainings', async () => {
    expect(await kubernetes.kubectl('get', 'jobs,pods,secrets', '-o', 'name')).toBe('')
  })
})
