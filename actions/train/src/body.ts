import { randomBytes } from 'node:crypto'
import type { Training } from '@headgate/core'
import type { ExecutorName } from './executors/port.ts'
import { partDigests, stateOf } from './key.ts'
import type { Plan } from './plan.ts'
import { seedsOf } from './seeds.ts'

/** How a run is described before it has begun. */
export function describe(plan: Plan, executor: ExecutorName, id: string, at: Date): Training['run'] {
  return {
    id,
    executor,
    handle: null,
    command: [...plan.command],
    params: plan.params,
    startedAt: at.toISOString(),
    finishedAt: null,
    exitCode: null,
    peakMemoryBytes: null,
  }
}

/** The document's body of a training that has left nothing yet. */
export function bodyOf(plan: Plan, run: Training['run'], reason: string): Training {
  return {
    run,
    ...(plan.expected === undefined ? {} : { expected: plan.expected }),
    data: [...plan.data],
    code: plan.code,
    environment: plan.environment,
    seeds: seedsOf(plan.params, plan.environment.variables),
    metrics: {},
    artifacts: [],
    modelArtifact: null,
    predictions: null,
    tracking: null,
    key: plan.key,
    keyParts: partDigests(plan.parts),
    cache: { hit: false, reason },
  }
}

/** The header's inputs: all that was read, data first. */
export function inputsOf(plan: Plan): { path: string; digest: string }[] {
  return [...plan.data, ...plan.testData].map(stateOf)
}

/** `20260102T030405-1f2e3d4c`: sorts by time. */
export function newRunId(at: Date): string {
  const time = at.toISOString().slice(0, 19).replaceAll(/[-:]/g, '')
  return `${time}-${randomBytes(4).toString('hex')}`
}
