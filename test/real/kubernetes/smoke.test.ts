import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { describeSystem } from '../describe-system.ts'
import { makeStateFolder } from '../folders.ts'
import { type Kubernetes, prepare, start } from './start.ts'

describeSystem('kubernetes', await prepare(), () => {
  let kubernetes: Kubernetes

  beforeAll(async () => {
    kubernetes = await start()
  })
  afterAll(() => kubernetes?.stop())

  async function runJob(name: string, labels: Record<string, string> = {}): Promise<void> {
    const file = join(makeStateFolder('job'), 'job.json')
    const container = {
      name: 'main',
      image: 'busybox',
      resources: { requests: { 'nvidia.com/gpu': '1' }, limits: { 'nvidia.com/gpu': '1' } },
    }
    const template = { metadata: { labels }, spec: { restartPolicy: 'Never', containers: [container] } }
    await writeFile(
      file,
      JSON.stringify({ apiVersion: 'batch/v1', kind: 'Job', metadata: { name }, spec: { backoffLimit: 0, template } }),
    )
    await kubernetes.kubectl('create', '-f', file)
  }

  test('it is Kubernetes 1.36 with one node that is ready', async () => {
    const version = JSON.parse(await kubernetes.kubectl('version', '-o', 'json')) as {
      serverVersion: { gitVersion: string }
    }
    expect(version.serverVersion.gitVersion).toBe('v1.36.3')
    const nodes = JSON.parse(await kubernetes.kubectl('get', 'nodes', '-o', 'json')) as {
      items: { metadata: { name: string } }[]
    }
    expect(nodes.items.map(({ metadata }) => metadata.name)).toEqual(['fake-0'])
  })

  test('a Job that asks for a GPU is scheduled, completes, and its pod has a log', async () => {
    await runJob('completes')
    await kubernetes.kubectl('wait', '--for=condition=Complete', 'job/completes', '--timeout=120s')
    expect(await kubernetes.kubectl('logs', 'job/completes')).toBe('kubebox: no container runs here\n')
  })

  test('a Job whose pod is told to fail fails', async () => {
    await runJob('fails', { 'kubebox/fate': 'exits-1' })
    await kubernetes.kubectl('wait', '--for=condition=Failed', 'job/fails', '--timeout=120s')
    expect(await kubernetes.kubectl('get', 'job', 'fails', '-o', 'jsonpath={.status.failed}')).toBe('1')
  })
})
