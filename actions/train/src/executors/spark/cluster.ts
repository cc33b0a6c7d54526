import { writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { OutsideError, strictJson, UserError } from '@headgate/core'
import { z } from 'zod'
import { contractVariables } from '../contract.ts'
import type { JobStatus, Spec } from '../port.ts'
import { isOver } from '../watch.ts'
import { type Application, applicationOf } from './application.ts'
import { beforeStart, type Driver } from './driver.ts'
import { endingOf } from './ending.ts'
import { exists, type JobRecord, readJson } from './folder.ts'
import { launcher } from './launcher.ts'
import type { SparkSettings } from './settings.ts'
import { isUrl, pathInTree, requireFiles, stageFiles } from './staging.ts'

/** How a driver gets to a cluster, and what the cluster says of it. */
export interface Submitter {
  check(spec: Spec): Promise<void>
  /** Has the launcher run on a machine of the cluster; paths of the settings are already those of that machine. */
  submit(spec: Spec, folder: string, settings: SparkSettings): Promise<void>
  /** How the cluster says that it stands; `undefined` where it cannot be asked from here. */
  look(folder: string): Promise<JobStatus | undefined>
  kill(folder: string): Promise<void>
}

export interface ClusterOptions {
  /** With `shared`. */
  readonly settings: SparkSettings
  readonly submitter: Submitter
}

/**
 * Runs the driver on a machine of the cluster. Code, parameters, log, output and the end of it pass through the shared
 * folder, where the launcher keeps them: that holds whatever the master is, and after it was started anew.
 */
export function clusterDriver({ settings, submitter }: ClusterOptions): Driver {
  const { shared = '' } = settings
  const status = (record: JobRecord, folder: string): Promise<JobStatus> => look(record, folder, submitter)
  return {
    root: shared,
    check: async (spec) => {
      const application = applicationOf(spec.argv, settings)
      refuseJar(application)
      if (!(await exists(shared))) throw noFolder(shared)
      await requireFiles(settings, application, spec.folder)
      await submitter.check(spec)
    },
    // It is there, and of those who share it.
    prepare: async () => {},
    fill: (spec, now, later) => fill(spec, now, later, settings),
    start: (spec, folder) => submitter.submit(spec, folder, settingsThere(spec, folder, settings)),
    status,
    cancel: (record, folder) => cancel(record, folder, submitter),
    // The launcher does.
    guard: async () => {},
  }
}

function refuseJar({ kind }: Application): void {
  if (kind === 'python') return
  throw new UserError({
    what: '`spark: {deploy-mode: cluster}` runs Python only: a jar’s exit code and log would stay in the cluster.',
    fix: 'Say `deploy-mode: client`.',
  })
}

function noFolder(shared: string): UserError {
  const fix = 'Make it, or mount it, on this machine and on those of the cluster.'
  return new UserError({ what: `\`spark: {shared: …}\`: there is no folder ${shared}.`, fix })
}

async function fill(spec: Spec, now: string, later: string, settings: SparkSettings): Promise<void> {
  const { file, args } = applicationOf(spec.argv, settings)
  const { pyFiles, jars, shared } = settings
  const carried = [file, ...pyFiles, ...jars].filter((path) => !isUrl(path))
  const { data } = await stageFiles(spec, carried, { now, later, shared })
  const places = { data, output: join(later, 'output'), params: join(later, 'params.json') }
  const open = Object.entries(spec.variables).filter(([name]) => !spec.secretNames.includes(name))
  const driver = {
    argv: [isUrl(file) ? file : pathInTree(spec.folder, file), ...args],
    variables: { ...Object.fromEntries(open), ...contractVariables(spec, places) },
    memoryBytes: spec.memoryBytes ?? null,
    timeoutSeconds: spec.timeoutMs === undefined ? null : spec.timeoutMs / 1000,
  }
  await writeFile(join(now, 'driver.json'), strictJson(driver))
  await writeFile(join(now, 'launcher.py'), launcher)
}

/** The settings as the cluster’s machines read them: files of this machine were carried into the job’s folder. */
function settingsThere(spec: Spec, folder: string, settings: SparkSettings): SparkSettings {
  const there = (path: string): string => (isUrl(path) ? path : join(folder, 'code', pathInTree(spec.folder, path)))
  const { python } = applicationOf(spec.argv, settings)
  const named = python === undefined ? {} : { 'spark.pyspark.driver.python': python }
  const { pyFiles, jars, conf } = settings
  return { ...settings, pyFiles: pyFiles.map(there), jars: jars.map(there), conf: { ...named, ...conf } }
}

const exitSchema = z.object({
  cause: z.enum(['cancelled', 'stopped', 'lost', 'memory', 'timeout']).nullable(),
  exitCode: z.int().nullable(),
  signal: z.string().nullable(),
  peakBytes: z.number().nullable(),
})

async function look(record: JobRecord, folder: string, submitter: Submitter): Promise<JobStatus> {
  const before = await ended(folder)
  if (before && before.cause !== 'lost') return before
  const told = await submitter.look(folder)
  if (before) return told?.state === 'cancelled' ? told : before
  const isStarted = await exists(join(folder, 'started.json'))
  if (told !== undefined && isOver(told)) return (await ended(folder)) ?? (isStarted ? afterStart(told) : told)
  if (isStarted) return { state: 'running', exitCode: null }
  return (
    told ??
    ((await exists(join(folder, 'submission.json'))) ? { state: 'waiting', exitCode: null } : beforeStart(record))
  )
}

/** A command that began, and has not said how it ended: its machine is gone. */
function afterStart(told: JobStatus): JobStatus {
  return told.state === 'failed' ? { ...told, cause: 'lost' } : told
}

/** How the launcher says that the command ended. */
async function ended(folder: string): Promise<JobStatus | undefined> {
  const exit = await readJson(join(folder, 'exit.json'), exitSchema)
  if (exit === undefined) return undefined
  const { cause, exitCode, signal, peakBytes: peakMemoryBytes } = exit
  const failed = { state: 'failed', exitCode: null, peakMemoryBytes } as const
  switch (cause) {
    case 'cancelled':
    case 'stopped':
      return { ...failed, state: 'cancelled' }
    case 'memory':
    case 'timeout':
      return { ...failed, cause }
    case 'lost':
      return { ...failed, cause, message: 'the driver’s Java ended' }
    case null:
      break
  }
  if (exitCode === null) return { ...failed, cause: 'signal', message: signal ?? undefined }
  return { ...(await endingOf(exitCode, folder)), peakMemoryBytes }
}

const endsWithinMs = 7000

/** Both ways: a launcher that does not run yet may never get to see its folder, a master may have forgotten it. */
async function cancel(record: JobRecord, folder: string, submitter: Submitter): Promise<void> {
  await writeFile(join(folder, 'cancel'), '')
  const killing = submitter.kill(folder)
  killing.catch(() => undefined)
  const deadline = Date.now() + endsWithinMs
  while (Date.now() < deadline) {
    if (await ended(folder)) return
    const isStarted = await exists(join(folder, 'started.json'))
    if (!isStarted && isOver(await look(record, folder, submitter))) return
    await sleep(100)
  }
  await killing
  if (isOver(await look(record, folder, submitter))) return
  throw new OutsideError({
    tried: `Asked for the end of ${record.name}.`,
    state: `Its driver did not end within ${endsWithinMs / 1000} s.`,
    next: 'Look at the master’s page, and end it there.',
  })
}

const submissionSchema = z.object({ id: z.string() })

/** By what the cluster knows the driver of a folder. */
export async function readSubmission(folder: string): Promise<string | undefined> {
  return (await readJson(join(folder, 'submission.json'), submissionSchema))?.id
}

export async function writeSubmission(folder: string, id: string): Promise<void> {
  await writeFile(join(folder, 'submission.json'), JSON.stringify({ id, host: hostname() }))
}
