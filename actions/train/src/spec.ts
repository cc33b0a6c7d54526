import { join } from 'node:path'
import type { Settings } from '@headgate/core'
import { digestOfValue } from '@headgate/core'
import type { Spec } from './executors/port.ts'
import type { Plan } from './plan.ts'
import type { Ports } from './ports.ts'
import type { stage } from './stage.ts'
import type { TrackedRun } from './tracking/port.ts'
import { trustOf } from './trust.ts'

/** What is there for a training before it begins. */
export interface Opened {
  readonly runId: string
  /** Absolute path of an empty folder. */
  readonly output: string
  readonly tracked: TrackedRun | undefined
}

/** The training as an executor gets it. */
export function specOf(
  settings: Settings<typeof stage>,
  plan: Plan,
  ports: Ports,
  { runId, output, tracked }: Opened,
): Spec {
  const { workspace, secrets } = ports
  const lock = plan.environment.lock?.path
  const variables = { ...settings.env, ...tracked?.variables }
  const isSecret = (value: string): boolean => secrets.some((secret) => value.includes(secret))
  return {
    name: jobName(settings, plan, ports),
    model: settings.model,
    runId,
    key: plan.key,
    argv: plan.argv,
    folder: workspace,
    files: plan.files,
    params: plan.params,
    data: plan.sources.data.map(({ input, path, url }) => ({
      location: url !== undefined && ports.executor.reads === 'urls' ? url : path,
      digest: input.digest,
    })),
    output,
    inherited: ports.environment,
    variables,
    secretNames: Object.keys(variables).filter((name) => isSecret(variables[name] ?? '')),
    lock: lock === undefined ? null : join(workspace, lock),
    labels: {
      runId,
      commit: ports.commit,
      deadline:
        settings.timeout === undefined ? null : new Date(ports.now().getTime() + settings.timeout).toISOString(),
      isDetached: settings.detach,
      ciRun: ports.ciRun,
    },
    timeoutMs: settings.timeout,
    memoryBytes: settings.memory,
  }
}

/** Of a job's name, by RFC 1123. */
export const longestName = 63

/**
 * A DNS label (RFC 1123): the model's name as far as it fits, and 12 digits of the digest of all that decides. A job of
 * this name is taken over, so that it tells the default branch’s from others.
 */
export function jobName(settings: Settings<typeof stage>, { key }: Plan, { context }: Pick<Ports, 'context'>): string {
  const { model, executor, memory } = settings
  const block = executor === 'process' ? null : withoutCredentials(settings[executor])
  const digest = digestOfValue([model, executor, block, key, memory ?? null, trustOf(context)])
  const digits = digest.slice('sha256:'.length, 'sha256:'.length + 12)
  const words = `headgate-${model.replaceAll('/', '-')}`.slice(0, longestName - digits.length - 1).replace(/-+$/, '')
  return `${words}-${digits}`
}

/** A secret that was renewed does not make another job. */
function withoutCredentials(block: object | undefined): object | null {
  return block
    ? Object.fromEntries(Object.entries(block).filter(([key]) => key !== 'token' && key !== 'headers'))
    : null
}
