import type { RayJob } from '@headgate/systems/ray'
import type { ListedJob, Spec } from '../port.ts'
import { stateOf } from './status.ts'

const prefix = 'headgate.'

/** What a job is known by, as Ray's metadata. */
export function metadataOf({ model, runId, key, labels }: Spec): Record<string, string> {
  const values = {
    model,
    key,
    'run-id': runId,
    commit: labels.commit,
    deadline: labels.deadline ?? '',
    detached: String(labels.isDetached),
    'ci-run': labels.ciRun ?? '',
  }
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [prefix + name, value]))
}

export function labelOf(job: RayJob, name: string): string {
  return job.metadata?.[prefix + name] ?? ''
}

export function listedJob(job: RayJob): ListedJob {
  const name = job.submission_id ?? ''
  const runId = labelOf(job, 'run-id')
  return {
    job: { id: name, runId },
    name,
    state: stateOf(job),
    submittedAt: new Date(job.start_time ?? 0).toISOString(),
    labels: {
      runId,
      commit: labelOf(job, 'commit'),
      deadline: labelOf(job, 'deadline') || null,
      isDetached: labelOf(job, 'detached') === 'true',
      ciRun: labelOf(job, 'ci-run') || null,
    },
  }
}
