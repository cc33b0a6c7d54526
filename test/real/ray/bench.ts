// What the tests of the Ray executor share: opening it, and trainings by a piece of Python.
import { randomUUID } from 'node:crypto'
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { digestOf } from '@headgate/core'
import { rayOf } from '@headgate/systems/ray'
import type { Executor, Job, Spec } from '../../../actions/train/src/executors/port.ts'
import { rayExecutor } from '../../../actions/train/src/executors/ray/executor.ts'
import { raySettings } from '../../../actions/train/src/executors/ray/settings.ts'
import { type Ended, watch } from '../../../actions/train/src/executors/watch.ts'

/** A client of its own. */
export function openRayAt(address: string, settings: Record<string, unknown> = {}): Promise<Executor> {
  const parsed = raySettings.parse({ address, ...settings })
  return rayExecutor({
    ray: rayOf({ key: 'ray: address', address, headers: parsed.headers, token: parsed.token, variables: {} }),
    settings: parsed,
    temporary: join(mkdtempSync(join(tmpdir(), 'executor-')), 'temporary'),
    tell: console.log,
  })
}

/** A training that runs this Python, whose last argument marks its processes. */
export function specOf(code: string, more: Partial<Spec> = {}): Spec {
  const folder = mkdtempSync(join(tmpdir(), 'ray-training-'))
  mkdirSync(join(folder, 'data'))
  writeFileSync(join(folder, 'job.py'), code)
  const location = join(folder, 'data', '1.csv')
  writeFileSync(location, 'id\n1\n')
  const token = randomUUID()
  const runId = `run-${token.slice(0, 8)}`
  return {
    name: `headgate-ray-${token.slice(0, 12)}`,
    model: 'ray',
    runId,
    key: digestOf(token),
    argv: ['python3', 'job.py', `token-${token}`],
    folder,
    files: ['job.py'],
    params: {},
    data: [{ location, digest: digestOf('id\n1\n') }],
    output: mkdtempSync(join(tmpdir(), 'output-')),
    inherited: {},
    variables: {},
    secretNames: [],
    lock: null,
    labels: { runId, commit: '', deadline: null, isDetached: false, ciRun: null },
    timeoutMs: undefined,
    memoryBytes: undefined,
    ...more,
  }
}

/** Follows a job to its end. */
export async function follow(
  executor: Executor,
  job: Job,
  {
    onLine = () => undefined,
    signal = new AbortController().signal,
  }: { onLine?: (line: string) => void; signal?: AbortSignal } = {},
): Promise<{ ended: Ended; lines: string[]; told: string[] }> {
  const lines: string[] = []
  const told: string[] = []
  const take = (line: string): void => {
    lines.push(line)
    onLine(line)
  }
  const options = { onLine: take, tell: (text: string) => void told.push(text), hide: (line: string) => line }
  return { ended: await watch(executor, job, { ...options, deadline: undefined, signal }), lines, told }
}
