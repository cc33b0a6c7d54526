import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { executorConformance } from '../../../actions/train/src/executors/conformance.ts'
import { kubernetesExecutor } from '../../../actions/train/src/executors/kubernetes/executor.ts'
import { kubernetesSettings } from '../../../actions/train/src/executors/kubernetes/settings.ts'
import type { Executor } from '../../../actions/train/src/executors/port.ts'
import { describeSystem } from '../describe-system.ts'
import { pythonImage } from '../docker/images.ts'
import { addNode, type Node, prepareNode, realNodeSelector } from './node.ts'
import { type Kubernetes, prepare, start } from './start.ts'

describeSystem('kubernetes', (await prepare()) ?? (await prepareNode()), () => {
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

  const onRealNode = {
    nodeSelector: realNodeSelector,
    tolerations: [{ key: 'headgate/node', operator: 'Exists' }],
  }

  async function open(settings: Record<string, unknown> = onRealNode): Promise<Executor> {
    return kubernetesExecutor({
      settings: kubernetesSettings.parse({ image: pythonImage, kubeconfig: kubernetes.kubeconfig, ...settings }),
      workspace: mkdtempSync(join(tmpdir(), 'executor-')),
      environment: {},
    })
  }

  executorConformance('kubernetes', async () => ({ open: () => open(), python: 'python3' }))

  test('nothing is left of all of these trainings', async () => {
    expect(await kubernetes.kubectl('get', 'jobs,pods,secrets', '-o', 'name')).toBe('')
  })
})
