import { mkdir } from 'node:fs/promises'
import { findRayJob, listRayJobs } from '@headgate/systems/ray'
import { identityIn } from '../labels.ts'
import type { Executor, Job } from '../port.ts'
import { collectRun } from './collect.ts'
import { cancelRun, releaseRun } from './ending.ts'
import { followRun } from './follow.ts'
import { labelOf, listedJob } from './labels.ts'
import { sizeOf } from './size.ts'
import { lost, statusOf } from './status.ts'
import { type Surroundings, submitJob } from './submission.ts'

/** Runs the command as a job of a Ray cluster, which goes on without us. */
export async function rayExecutor(given: Surroundings): Promise<Executor> {
  await mkdir(given.temporary, { recursive: true })
  const { ray, tell } = given
  return {
    name: 'ray',
    isLasting: true,
    reads: 'urls',
    machine: { isThis: false, size: sizeOf(given.settings) },
    submit: (spec) => submitJob(given, spec),
    identify: async (job) => identityIn((await findRayJob(ray, idOf(job)))?.metadata),
    status: async (job) => {
      const there = await findRayJob(ray, idOf(job))
      // A later run of the same name is not the one that is asked for.
      return there && labelOf(there, 'run-id') === runIdOf(job) ? statusOf(ray, there, runIdOf(job)) : lost
    },
    follow: (job, seen, onLine, signal) => followRun(ray, idOf(job), runIdOf(job), { seen, onLine, signal }),
    cancel: (job) => cancelRun(ray, idOf(job), runIdOf(job)),
    collect: (job, into) => collectRun(ray, idOf(job), runIdOf(job), into),
    release: (job) => releaseRun(ray, idOf(job), runIdOf(job), tell),
    list: async (model) => (await listRayJobs(ray)).filter((job) => labelOf(job, 'model') === model).map(listedJob),
  }
}

function idOf(job: Job): string {
  return String(job.id)
}

function runIdOf(job: Job): string {
  return String(job.runId)
}
