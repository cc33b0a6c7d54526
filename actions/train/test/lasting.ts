import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Executor, Job, ListedJob, Spec } from '../src/executors/port.ts'

type JobState = ListedJob['state']

/** Jobs that outlive their submitter, kept in memory; what a job leaves is what `collect` writes. */
export function lastingExecutor() {
  const jobs = new Map<string, { spec: Spec; state: JobState }>()
  const jobOf = (job: Job) => jobs.get(String(job.name))
  let race: ((spec: Spec) => void) | undefined
  const executor: Executor = {
    name: 'docker',
    isLasting: true,
    reads: 'files',
    submit: async (spec) => {
      race?.(spec)
      race = undefined
      const there = jobs.get(spec.name)
      if (there === undefined) jobs.set(spec.name, { spec, state: 'running' })
      return { job: { name: spec.name }, runId: (there?.spec ?? spec).runId, isNew: there === undefined }
    },
    identify: async (job) => {
      const { model, key, runId } = jobOf(job)?.spec ?? {}
      return model && key && runId ? { model, key, runId } : undefined
    },
    status: async (job) =>
      jobOf(job) === undefined
        ? { state: 'failed', exitCode: null, cause: 'lost' }
        : { state: jobOf(job)?.state ?? 'failed', exitCode: 0 },
    follow: async () => {},
    cancel: async (job) => void jobs.set(String(job.name), { ...(jobOf(job) as { spec: Spec }), state: 'cancelled' }),
    collect: async (_, into) => {
      mkdirSync(join(into, 'model'))
      writeFileSync(join(into, 'model/m'), 'm')
      writeFileSync(join(into, 'predictions.csv'), 'id,score\n1,0.5\n')
    },
    release: async (job) => {
      if (jobOf(job)?.state === 'running') throw new Error(`${job.name} is released while it runs`)
      jobs.delete(String(job.name))
    },
    list: async () =>
      [...jobs].map(([name, { spec, state }]) => ({
        job: { name },
        name,
        state,
        submittedAt: new Date(0).toISOString(),
        labels: spec.labels,
      })),
  }
  const end = (state: JobState): void => {
    for (const [name, { spec }] of jobs) jobs.set(name, { spec, state })
  }
  return { executor, jobs, end, onSubmit: (work: (spec: Spec) => void) => (race = work) }
}
