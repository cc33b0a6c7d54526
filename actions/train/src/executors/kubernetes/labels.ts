import { digestOf } from '@headgate/core'
import type { KubernetesJob } from '@headgate/systems/kubernetes'
import { z } from 'zod'
import type { ListedJob, Spec } from '../port.ts'

const annotation = 'headgate/training'
/** Set once all is there that the pod needs; a Job without it was left unfinished. */
export const readyAnnotation = 'headgate/ready'

const noteSchema = z.object({
  model: z.string(),
  key: z.string(),
  runId: z.string(),
  commit: z.string(),
  deadline: z.string().nullable(),
  isDetached: z.boolean(),
  ciRun: z.string().nullable(),
})

/** What can be selected by. A label’s value has 63 characters of few kinds, a model’s name may have more: its digest. */
export function selectableLabels(model: string): Record<string, string> {
  return { 'app.kubernetes.io/managed-by': 'headgate', 'headgate/model': digestOf(model).slice('sha256:'.length, 40) }
}

export function selectorOf(model: string): string {
  return Object.entries(selectableLabels(model))
    .map(([name, value]) => `${name}=${value}`)
    .join(',')
}

/** What a Job is known by when nobody holds its handle. */
export function annotationsOf({ model, key, runId, labels }: Spec): Record<string, string> {
  return { [annotation]: JSON.stringify({ ...labels, model, key, runId }) }
}

/** What a Job says of its training; `undefined` for one that is not ours. */
export function noteOf({ metadata }: KubernetesJob): z.output<typeof noteSchema> | undefined {
  try {
    return noteSchema.parse(JSON.parse(metadata?.annotations?.[annotation] ?? ''))
  } catch {
    return undefined
  }
}

export function isReady({ metadata }: KubernetesJob): boolean {
  return metadata?.annotations?.[readyAnnotation] === 'true'
}

/** A Job as it is listed; `undefined` for one that is not ours. */
export function listedJob(
  job: KubernetesJob,
  state: ListedJob['state'],
  handle: ListedJob['job'],
): ListedJob | undefined {
  const note = noteOf(job)
  if (note === undefined) return undefined
  const { runId, commit, deadline, isDetached, ciRun } = note
  return {
    job: handle,
    name: job.metadata?.name ?? '',
    state,
    submittedAt: new Date(job.metadata?.creationTimestamp ?? 0).toISOString(),
    labels: { runId, commit, deadline, isDetached, ciRun },
  }
}
