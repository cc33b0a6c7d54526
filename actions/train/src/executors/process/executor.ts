import { once } from 'node:events'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { strictJson } from '@headgate/core'
import { type ProcessResult, runProcess } from '@headgate/systems'
import { contractVariables } from '../contract.ts'
import type { Executor, Identity, Job, JobStatus, Spec } from '../port.ts'

/** A command of this process: it lives no longer than we do. */
interface Running {
  readonly lines: string[]
  readonly printed: EventTarget
  readonly controller: AbortController
  readonly ended: Promise<JobStatus>
  readonly identity: Identity
  status: JobStatus
}

/** Runs the command on this machine, in a process group of its own. `temporary` is a folder that goes with the job. */
export function processExecutor(temporary: string): Executor {
  const running = new Map<string, Running>()
  const find = (job: Job): Running => {
    const found = running.get(String(job.name))
    if (found === undefined) throw new Error(`there is no process ${job.name} of this process`)
    return found
  }
  return {
    name: 'process',
    machine: { isThis: true, size: null },
    isLasting: false,
    reads: 'files',
    submit: async (spec) => {
      running.set(spec.name, await begin(spec, temporary))
      return { job: { name: spec.name }, runId: spec.runId, isNew: true }
    },
    identify: async (job) => running.get(String(job.name))?.identity,
    status: async (job) => find(job).status,
    follow: async (job, seen, onLine, signal) => followLines(find(job), seen, onLine, signal),
    cancel: async (job) => {
      const found = find(job)
      found.controller.abort()
      await found.ended
    },
    // It wrote into the folder itself.
    collect: async () => {},
    release: async (job) => void running.delete(String(job.name)),
    list: async () => [],
  }
}

async function begin(spec: Spec, temporary: string): Promise<Running> {
  await mkdir(temporary, { recursive: true })
  const params = join(temporary, `params-${spec.runId}.json`)
  await writeFile(params, strictJson(spec.params))
  const places = { data: spec.data.map(({ location }) => location), output: spec.output, params }
  const lines: string[] = []
  const printed = new EventTarget()
  const controller = new AbortController()
  const tell = (): boolean => printed.dispatchEvent(new Event('line'))
  const started = Promise.withResolvers<void>()
  const request = {
    argv: spec.argv,
    cwd: spec.folder,
    environment: { ...spec.inherited, ...spec.variables, ...contractVariables(spec, places) },
    memoryLimitBytes: spec.memoryBytes,
    signal: controller.signal,
    onStart: () => started.resolve(),
    onLine: (_stream: string, line: string) => {
      lines.push(line)
      tell()
    },
  }
  const result = runProcess(request).finally(() => rm(params, { force: true }))
  result.catch(started.reject)
  await started.promise
  const process: Running = {
    lines,
    printed,
    controller,
    identity: { model: spec.model, key: spec.key, runId: spec.runId },
    status: { state: 'running', exitCode: null },
    ended: result
      .then(statusOf, () => ({ state: 'cancelled' as const, exitCode: null }))
      .then((status) => {
        process.status = status
        tell()
        return status
      }),
  }
  return process
}

function statusOf({ exitCode, signal, outOfMemory, peakMemoryBytes }: ProcessResult): JobStatus {
  const state = exitCode === 0 && !outOfMemory ? 'succeeded' : 'failed'
  const cause = outOfMemory ? 'memory' : exitCode === null ? 'signal' : undefined
  return { state, exitCode, cause, message: signal ?? undefined, peakMemoryBytes }
}

/** Hands over lines as they are printed, and frees them: nobody asks for them again. */
async function followLines(
  found: Running,
  seen: number,
  onLine: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  let at = seen
  for (;;) {
    for (; at < found.lines.length; at += 1) {
      onLine(found.lines[at] ?? '')
      found.lines[at] = ''
    }
    if (found.status.state !== 'running' || signal.aborted) return
    await once(found.printed, 'line', { signal }).catch(() => undefined)
  }
}
