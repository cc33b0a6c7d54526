import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { UserError } from '@headgate/core'
import {
  endProcessGroup,
  groupMemory,
  identifyProcess,
  type ProcessIdentity,
  readService,
  startService,
} from '@headgate/systems'
import { findSparkSubmit, reachMaster } from '@headgate/systems/spark'
import { z } from 'zod'
import { contractVariables } from '../contract.ts'
import type { JobStatus, Spec } from '../port.ts'
import { type Application, applicationOf } from './application.ts'
import { submitArguments } from './arguments.ts'
import { beforeStart, type Driver } from './driver.ts'
import { endingOf } from './ending.ts'
import { exists, type JobRecord, readEnded, readJson, writeEnded } from './folder.ts'
import type { SparkSettings } from './settings.ts'
import { requireFiles, type Staged, stageFiles } from './staging.ts'
import { readExit, supervised } from './supervision.ts'
import { requireYarn } from './yarn.ts'

export interface ClientOptions {
  readonly settings: SparkSettings
  /** A folder that outlives the job, and is of this user alone. */
  readonly root: string
  /** Where `spark-submit` and Java are looked for. */
  readonly environment: Readonly<Record<string, string>>
  readonly workspace: string
  /** Whether this machine goes away with the job. */
  readonly isEphemeral: boolean
}

/** Stays, with what follows, within what CI runners leave a cancelled job. */
const graceMs = 4000
const sampleMs = 250

/**
 * Runs the driver on this machine: `spark-submit` in a process group of its own, with its log and its exit code in
 * files. It so outlives the step that submitted it, and any later step of this machine finds it, also to end it.
 */
export function clientDriver(options: ClientOptions): Driver {
  const { settings, root } = options
  const staged = new Map<string, Staged>()
  // By folder; what a driver took before anybody looked is part of its processes' high-water marks.
  const peaks = new Map<string, number>()
  return {
    root,
    check: async (spec) => {
      await requireFiles(settings, applicationOf(spec.argv, settings), spec.folder)
      if (spec.labels.isDetached) refuseDetached(spec, options)
      requireYarn(settings, options.environment)
      await findSparkSubmit(settings.submit, options.environment, options.workspace)
      await reachMaster(settings.master)
    },
    prepare: async () => {
      // What a training prints is nobody else's to read.
      await mkdir(root, { recursive: true, mode: 0o700 })
    },
    fill: async (spec, now, later) => {
      staged.set(later, await stage(spec, now, later, settings))
    },
    start: (spec, folder) => start(spec, folder, staged.get(folder) ?? inPlace(spec), options),
    status: async (record, folder) => {
      const status = await look(record, folder)
      return status.state === 'running' ? status : { ...status, peakMemoryBytes: peaks.get(folder) ?? null }
    },
    cancel: (_, folder) => end(folder, 'cancelled'),
    guard: (record, folder, signal) => guardMemory(record, folder, peaks, signal),
  }
}

function refuseDetached({ memoryBytes }: Spec, { isEphemeral, settings }: ClientOptions): void {
  const mode = `\`detach\` with \`spark: {master: ${settings.master}, deploy-mode: client}\``
  if (isEphemeral)
    throw new UserError({
      what: `${mode}: the driver is a process of this machine, which goes away with the job.`,
      fix: 'Say `deploy-mode: cluster`, train within the job, or use a runner that stays.',
    })
  if (memoryBytes !== undefined)
    throw new UserError({
      what: `${mode}: nobody would watch that the driver stays within \`memory\`.`,
      fix: 'Leave out `memory`, and say `spark: {conf: {spark.driver.memory: …}}`.',
    })
}

/** Where somebody waits, the work tree stays as it is; a later job of the machine would change it under a driver. */
async function stage(spec: Spec, now: string, later: string, { pyFiles, jars }: SparkSettings): Promise<Staged> {
  if (!spec.labels.isDetached) return inPlace(spec)
  return stageFiles(spec, [...pyFiles, ...jars], { now, later, shared: undefined })
}

function inPlace({ folder, data }: Spec): Staged {
  return { folder, data: data.map(({ location }) => location) }
}

async function start(spec: Spec, folder: string, staged: Staged, options: ClientOptions): Promise<void> {
  const { settings, environment, workspace } = options
  const application = applicationOf(spec.argv, settings)
  const { command } = await findSparkSubmit(settings.submit, environment, workspace)
  const places = { data: staged.data, output: join(folder, 'output'), params: join(folder, 'params.json') }
  await startService({
    argv: supervised(join(folder, 'exit'), [command, ...submitArguments(settings, { name: spec.name, application })]),
    cwd: staged.folder,
    environment: {
      ...inheritedBy(spec),
      ...pythonVariables(application, settings, spec),
      ...spec.variables,
      ...contractVariables(spec, places),
    },
    pidFile: join(folder, 'pid.json'),
    logFile: join(folder, 'log'),
  })
}

/** By these, runners of GitHub and Jenkins find and end at the end of a job what it started. */
const trackingVariables = ['RUNNER_TRACKING_ID', 'JENKINS_NODE_COOKIE', 'BUILD_ID']

function inheritedBy({ inherited, labels }: Spec): Record<string, string> {
  const isKept = ([name]: [string, string]): boolean => !(labels.isDetached && trackingVariables.includes(name))
  return Object.fromEntries(Object.entries(inherited).filter(isKept))
}

/**
 * The Python that the command names is the driver's; with a local master it is the executors' too, which must have
 * the same version.
 */
function pythonVariables(
  { python }: Application,
  { master, conf }: SparkSettings,
  { inherited, variables }: Spec,
): Record<string, string> {
  if (python === undefined || 'spark.pyspark.driver.python' in conf || 'spark.pyspark.python' in conf) return {}
  const isFree = (name: string): boolean => inherited[name] === undefined && variables[name] === undefined
  return {
    PYSPARK_DRIVER_PYTHON: python,
    ...(master.startsWith('local') && isFree('PYSPARK_PYTHON') ? { PYSPARK_PYTHON: python } : {}),
  }
}

const pidSchema = z.object({ pid: z.int(), startedAt: z.string() })

async function look(record: JobRecord, folder: string): Promise<JobStatus> {
  // Looked at before the file: in this order, a driver that ends in between is not taken for one that vanished.
  const isAlive = (await readService(join(folder, 'pid.json'))) !== undefined
  const exit = await readExit(join(folder, 'exit'))
  const cause = await readEnded(folder)
  if (isAlive && exit === undefined) return { state: 'running', exitCode: null }
  if (cause !== undefined)
    return {
      state: cause === 'memory' ? 'failed' : 'cancelled',
      exitCode: null,
      cause: cause === 'memory' ? 'memory' : undefined,
    }
  if (exit !== undefined) return endingOf(exit, folder)
  if (!(await exists(join(folder, 'pid.json')))) return beforeStart(record)
  return vanished(folder)
}

/** All of its group was killed, or the machine was started anew. */
async function vanished(folder: string): Promise<JobStatus> {
  const started = await readJson(join(folder, 'pid.json'), pidSchema)
  const us = await identifyProcess(process.pid)
  const bootOf = (identity: ProcessIdentity | undefined): string | undefined => identity?.startedAt.split('/')[0]
  const isSameBoot = process.platform !== 'linux' || bootOf(started) === bootOf(us)
  if (!isSameBoot) return { state: 'failed', exitCode: null, cause: 'lost', message: 'its machine was started anew' }
  return { state: 'failed', exitCode: null, cause: 'signal', message: 'SIGKILL' }
}

async function end(folder: string, cause: 'cancelled' | 'memory'): Promise<void> {
  await writeEnded(folder, cause)
  const identity = await readService(join(folder, 'pid.json'))
  if (identity) await endProcessGroup(identity, graceMs)
}

/** Ends the driver when it takes more memory than it may, with all that it started: Java, Python, local executors. */
async function guardMemory(
  { memoryBytes }: JobRecord,
  folder: string,
  peaks: Map<string, number>,
  signal: AbortSignal,
): Promise<void> {
  const identity = await readService(join(folder, 'pid.json'))
  if (identity === undefined) return
  while (!signal.aborted) {
    const memory = await groupMemory(identity.pid)
    if (memory === undefined) return
    peaks.set(folder, Math.max(peaks.get(folder) ?? 0, memory.peakBytes))
    if (memory.currentBytes > (memoryBytes ?? Number.POSITIVE_INFINITY)) return end(folder, 'memory')
    await sleep(sampleMs, undefined, { signal }).catch(() => undefined)
  }
}
