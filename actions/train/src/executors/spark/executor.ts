import { cp } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { OutsideError, UserError } from '@headgate/core'
import type { Executor, Job, JobStatus, ListedJob, Spec } from '../port.ts'
import { isOver } from '../watch.ts'
import type { Driver } from './driver.ts'
import { claimFolder, folderOf, type JobRecord, jobOf, listRecords, readRecord, removeFolder } from './folder.ts'
import { logFollower } from './log.ts'

interface SparkOptions {
  readonly driver: Driver
  /** The image of the cluster’s drivers, where the settings name one. */
  readonly image: string | undefined
  readonly machine?: NonNullable<Executor['machine']>
}

const gone: JobStatus = { state: 'failed', exitCode: null, cause: 'lost', message: 'nothing is kept of it any more' }

/** Runs the command as a driver of Spark. All that is known of a job lies in its folder, so that any client finds it. */
export function sparkExecutor({ driver, image, machine }: SparkOptions): Executor {
  const { root } = driver
  const follow = logFollower()
  const find = (job: Job): Promise<JobRecord | undefined> => readRecord(root, job.name, job.runId)
  const pathOf = ({ name }: Pick<JobRecord, 'name'>): string => folderOf(root, name)
  const statusOf = async (job: Job): Promise<JobStatus> => {
    const record = await find(job)
    if (record === undefined && job.host !== hostname() && (await readRecord(root, job.name)) === undefined)
      throw elsewhere(job, root)
    return record === undefined ? gone : driver.status(record, pathOf(record))
  }
  return {
    name: 'spark',
    isLasting: true,
    reads: 'urls',
    ...(machine === undefined ? {} : { machine }),
    ...(image === undefined ? {} : { image: async () => image }),
    submit: (spec) => submit(driver, spec),
    identify: find,
    status: statusOf,
    follow: async (job, seen, onLine, signal) => {
      const record = await find(job)
      if (record === undefined) return
      const stop = new AbortController()
      const folder = pathOf(record)
      const hasEnded = async (): Promise<boolean> => isOver(await driver.status(record, folder))
      const guarding = driver.guard(record, folder, AbortSignal.any([signal, stop.signal]))
      try {
        await follow({ file: join(folder, 'log'), seen, onLine, signal, hasEnded })
      } finally {
        stop.abort()
        await guarding
      }
    },
    cancel: async (job) => {
      const record = await find(job)
      if (record && !isOver(await driver.status(record, pathOf(record)))) await driver.cancel(record, pathOf(record))
    },
    collect: async (job, into) => {
      const record = await find(job)
      if (record === undefined) throw elsewhere(job, root)
      await cp(join(pathOf(record), 'output'), into, { recursive: true, verbatimSymlinks: true })
    },
    release: async (job) => {
      const record = await find(job)
      if (record) await removeFolder(root, record)
    },
    list: async (model) => Promise.all((await listRecords(root, model)).map((record) => listedJob(driver, record))),
  }
}

async function listedJob(driver: Driver, record: JobRecord): Promise<ListedJob> {
  const { state } = await driver.status(record, folderOf(driver.root, record.name))
  const { name, submittedAt, labels } = record
  return { job: jobOf(record), name, state, submittedAt, labels }
}

const submissions = 5

async function submit(driver: Driver, spec: Spec): ReturnType<Executor['submit']> {
  await driver.check(spec)
  await driver.prepare()
  for (let attempt = 0; attempt < submissions; attempt += 1) {
    const there = await readRecord(driver.root, spec.name)
    if (there && (await isWorth(driver, there))) return { job: jobOf(there), runId: there.runId, isNew: false }
    if (there) await removeFolder(driver.root, there)
    const claimed = await claimFolder(driver.root, spec, (now, later) => driver.fill(spec, now, later))
    if (claimed === undefined) continue
    try {
      await driver.start(spec, folderOf(driver.root, spec.name))
    } catch (error) {
      await removeFolder(driver.root, claimed)
      throw error
    }
    return { job: jobOf(claimed), runId: claimed.runId, isNew: true }
  }
  throw new OutsideError({
    tried: `Tried to take the name ${spec.name} in ${driver.root}, ${submissions} times.`,
    state: 'Others submit the same training, and it fails each time.',
    next: 'Look at their logs, and run again.',
  })
}

async function isWorth(driver: Driver, record: JobRecord): Promise<boolean> {
  const { state } = await driver.status(record, folderOf(driver.root, record.name))
  return state === 'waiting' || state === 'running' || state === 'succeeded'
}

function elsewhere(job: Job, root: string): UserError {
  return new UserError({
    what: `nothing is kept in ${root} of the training ${job.name}, which was submitted on ${job.host}.`,
    fix: `With \`deploy-mode: client\` the driver is a process of that machine: attach there. With \`cluster\`, see that \`shared\` is the same folder here.`,
  })
}
