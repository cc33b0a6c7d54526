import type { RayJob } from '@headgate/systems/ray'
import { labelsIn, labelText } from '../labels.ts'
import type { ListedJob } from '../port.ts'
import { stateOf } from './status.ts'

export function runIdOf({ metadata }: RayJob): string {
  return labelText(metadata, 'run-id')
}

export function modelOf({ metadata }: RayJob): string {
  return labelText(metadata, 'model')
}

export function listedJob(job: RayJob): ListedJob {
  const name = job.submission_id ?? ''
  return {
    job: { id: name, runId: runIdOf(job) },
    name,
    state: stateOf(job),
    submittedAt: new Date(job.start_time ?? 0).toISOString(),
    labels: labelsIn(job.metadata),
  }
}
