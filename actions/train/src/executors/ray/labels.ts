import type { RayJob } from '@headgate/systems/ray'
import { labelsIn, labelText, labelTexts } from '../labels.ts'
import type { ListedJob, Spec } from '../port.ts'
import { stateOf } from './status.ts'

/** What a job is known by when nobody holds its handle: Ray keeps it as its metadata. */
export function labelsOf(spec: Spec): Record<string, string> {
  return labelTexts(spec, { name: spec.name })
}

export function labelOf({ metadata }: RayJob, label: string): string {
  return labelText(metadata, label)
}

/** A job as one that is listed. */
export function listedJob(job: RayJob): ListedJob {
  return {
    job: { id: job.submission_id ?? '', runId: labelOf(job, 'run-id') },
    name: labelOf(job, 'name'),
    state: stateOf(job),
    submittedAt: new Date(job.start_time ?? 0).toISOString(),
    labels: labelsIn(job.metadata),
  }
}
