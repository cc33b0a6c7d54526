import { randomUUID } from 'node:crypto'
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { digestOf } from '@headgate/core'
import { kubernetesExecutor } from '../../../actions/train/src/executors/kubernetes/executor.ts'
import { kubernetesSettings } from '../../../actions/train/src/executors/kubernetes/settings.ts'
import type { Executor, Job, Spec } from '../../../actions/train/src/executors/port.ts'
import { type Ended, watch } from '../../../actions/train/src/executors/watch.ts'
import { makeSpec } from '../../../actions/train/test/spec.ts'
import { pythonImage } from '../docker/images.ts'
import { realNodeSelector } from './node.ts'

/** Settings by which a pod comes to the node that runs it. */
export const onRealNode = {
  nodeSelector: realNodeSelector,
  tolerations: [{ key: 'headgate/node', operator: 'Exists' }],
}

/** A client of its own, as another machine has it. */
export function openExecutor(kubeconfig: string, settings: Record<string, unknown> = {}): Executor {
  return kubernetesExecutor({
    settings: kubernetesSettings.parse({ image: pythonImage, kubeconfig, ...settings }),
    workspace: mkdtempSync(join(tmpdir(), 'executor-')),
    environment: {},
  })
}

/** A training that runs this Python, which knows `output`. */
export function training(code: string, more: Partial<Spec> = {}): Spec {
  const folder = mkdtempSync(join(tmpdir(), 'training-'))
  mkdirSync(join(folder, 'data'))
  writeFileSync(join(folder, 'data/rows.csv'), 'id\n1\n')
  writeFileSync(join(folder, 'job.py'), `import os, sys, time\noutput = os.environ['HEADGATE_OUTPUT']\n${code}\n`)
  const token = randomUUID()
  const runId = `run-${token.slice(0, 8)}`
  return makeSpec({
    name: `headgate-test-${token.slice(0, 12)}`,
    model: `test-${token.slice(0, 12)}`,
    runId,
    argv: ['python3', 'job.py'],
    folder,
    files: ['job.py'],
    data: [{ location: join(folder, 'data/rows.csv'), digest: digestOf('id\n1\n') }],
    output: join(folder, 'output'),
    labels: { runId, commit: 'abc', deadline: null, isDetached: true, ciRun: '7' },
    ...more,
  })
}

/** Follows a job to its end; what it prints comes into `lines`. */
export function watchJob(executor: Executor, job: Job, lines: string[] = []): Promise<Ended> {
  return watch(executor, job, {
    onLine: (line) => lines.push(line),
    tell: console.log,
    hide: (line) => line,
    deadline: undefined,
    signal: new AbortController().signal,
  })
}

/** Waits for a line, without following to the end. */
export async function waitForLine(executor: Executor, job: Job, text: string): Promise<void> {
  const found = new AbortController()
  const look = (line: string): void => {
    if (line === text) found.abort()
  }
  while (!found.signal.aborted) await executor.follow(job, 0, look, found.signal)
}
