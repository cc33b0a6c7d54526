import { randomBytes } from 'node:crypto'
import { mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { OutsideError } from '@headgate/core'
import {
  endProcessGroup,
  freePort,
  isRunning,
  lastLinesOf,
  masker,
  type ProcessIdentity,
  readService,
  startService,
} from '@headgate/systems'
import type { Instance, Release, Target } from '../port.ts'
import { type Address, askFront, checkFront, ensureFront, stopFront } from './front.ts'
import { takeLock } from './lock.ts'
import { type ProcessInstance, readState, type State, writeState } from './state.ts'

export interface ProcessTargetOptions {
  /** Outlives the job: what runs, the files of versions, logs. */
  readonly folder: string
  /** The command that serves, with `{model}` and `{port}`. */
  readonly serve: readonly string[]
  /** Absolute path of the work tree, in which it runs. */
  readonly workspace: string
  readonly environment: Readonly<Record<string, string>>
  readonly secrets: readonly string[]
  readonly address: Address
  readonly lockWaitMs: number
}

const stopGraceMs = 10_000
const shownLines = 20

/** Serves versions as processes of this machine, behind a front that owns the public port. */
export function processTarget(options: ProcessTargetOptions): Target {
  const { folder, address } = options
  const site: Site = { folder, address, environment: outliving(options.environment) }
  const endpoint = `http://${address.host}:${address.port}`
  let release = async (): Promise<void> => undefined
  return {
    name: 'process',
    isOnThisMachine: true,
    endpoint,
    releaseFolder: (version, digest) => join(folder, 'versions', `${version}-${digest.slice(-12)}`),
    open: async () => {
      release = await takeLock(folder, options.lockWaitMs)
      return repair(folder)
    },
    close: () => release(),
    serving: async () => {
      const { serving } = await readState(folder)
      return serving ? instanceOf(serving) : undefined
    },
    isAlive: async ({ id }) => {
      const found = await find(folder, id)
      return found !== undefined && isRunning(found.process)
    },
    check: () => checkFront(folder, address),
    start: async (version) => instanceOf(await startVersion(options, site, version)),
    switchTo: ({ id }) => switchTo(site, id),
    switchBack: () => switchBack(site),
    drain: (timeoutMs) => drain(folder, timeoutMs),
    stopOld: () => stopOld(folder),
    stop: ({ id }) => stop(folder, id),
    send: (to, path, init) => fetch(`${to === 'traffic' ? endpoint : to.url}${path}`, init),
    log: ({ id }) => logOf(folder, id, masker(options.secrets)),
  }
}

/** Where versions are served, and with what the front is started. */
interface Site {
  readonly folder: string
  readonly address: Address
  readonly environment: Readonly<Record<string, string>>
}

/** CI runners end what a job leaves behind; these are the marks by which they know it. */
function outliving(environment: Readonly<Record<string, string>>): Record<string, string> {
  const { RUNNER_TRACKING_ID: _mark, ...kept } = environment
  return { PYTHONUNBUFFERED: '1', ...kept, JENKINS_NODE_COOKIE: 'dontKillMe', BUILD_ID: 'dontKillMe' }
}

async function startVersion(
  options: ProcessTargetOptions,
  { folder, environment }: Site,
  { version, digest, folder: model }: Release,
): Promise<ProcessInstance> {
  const id = randomBytes(8).toString('hex')
  const port = await freePort()
  const log = join('logs', `${version}-${id}.log`)
  const argv = options.serve.map((word) => word.replaceAll('{model}', model).replaceAll('{port}', String(port)))
  await mkdir(join(folder, 'logs'), { recursive: true })
  const pidFile = join(folder, 'starting.pid')
  const logFile = join(folder, log)
  const process = await startService({ argv, cwd: options.workspace, environment, pidFile, logFile })
  const state = await readState(folder)
  const previousVersion = state.serving?.version ?? null
  const instance = { id, version, digest, previousVersion, port, process, log }
  await writeState(folder, { ...state, starting: instance })
  await rm(pidFile, { force: true })
  return instance
}

async function find(folder: string, id: string): Promise<ProcessInstance | undefined> {
  const { serving, starting, retiring } = await readState(folder)
  return [serving, starting, retiring].find((instance) => instance?.id === id) ?? undefined
}

function instanceOf({ id, version, digest, previousVersion, port }: ProcessInstance): Instance {
  return { id, version, digest, previousVersion, url: `http://127.0.0.1:${port}` }
}

async function change(folder: string, part: Partial<State>): Promise<void> {
  await writeState(folder, { ...(await readState(folder)), ...part })
}

async function switchTo(site: Site, id: string): Promise<string> {
  const { serving, starting } = await readState(site.folder)
  if (serving?.id === id) return direct(site, serving.port)
  if (starting?.id !== id) throw new Error(`${id} was not started here`)
  await change(site.folder, { serving: starting, starting: null, retiring: serving })
  return direct(site, starting.port)
}

async function switchBack(site: Site): Promise<string> {
  const { serving, retiring } = await readState(site.folder)
  await change(site.folder, { serving: retiring, starting: serving, retiring: null })
  if (retiring) return direct(site, retiring.port)
  await stopFront(site.folder)
  return 'Nothing served before: the front was ended.'
}

/** Makes the front pass requests on to this port, and makes sure that it does. */
async function direct({ folder, address, environment }: Site, port: number): Promise<string> {
  const started = await ensureFront(folder, address, environment)
  const { backend } = await askFront(folder, 'switch')
  if (backend !== port) throw strayFront(port, backend)
  const front = started ? 'A front was started; it' : 'The front'
  return `${front} passes ${address.host}:${address.port} on to port ${port}.`
}

function strayFront(port: number, backend: number | null): OutsideError {
  return new OutsideError({
    tried: `Told the front to pass requests on to port ${port}.`,
    state: `It passes them on to ${backend ?? 'nothing'}.`,
    next: 'Run again.',
  })
}

async function drain(folder: string, timeoutMs: number): Promise<string> {
  const { retiring } = await readState(folder)
  if (retiring === null) return 'Nothing served before.'
  const started = Date.now()
  for (;;) {
    const { inFlight } = await askFront(folder, 'status')
    const left = inFlight[String(retiring.port)] ?? 0
    const seconds = ((Date.now() - started) / 1000).toFixed(1)
    if (left === 0) return `The old version had answered everything after ${seconds} s.`
    if (Date.now() - started > timeoutMs) return `${left} requests were still unanswered after ${seconds} s.`
    await sleep(50)
  }
}

async function stop(folder: string, id: string): Promise<void> {
  const found = await find(folder, id)
  if (found) await endProcessGroup(found.process, stopGraceMs)
  const { starting } = await readState(folder)
  if (starting?.id === id) await change(folder, { starting: null })
}

async function logOf(folder: string, id: string, hide: (line: string) => string): Promise<string[]> {
  const found = await find(folder, id)
  return found ? (await lastLinesOf(join(folder, found.log), shownLines)).map(hide) : []
}

async function stopOld(folder: string): Promise<string> {
  const state = await readState(folder)
  const { retiring, serving } = state
  if (retiring) await endProcessGroup(retiring.process, stopGraceMs)
  await writeState(folder, { ...state, retiring: null })
  await pruneVersions(folder, [serving, retiring])
  return retiring ? `Process ${retiring.process.pid} of version ${retiring.version} ended.` : 'Nothing served before.'
}

/** Keeps the files of what serves and of what served before it. */
async function pruneVersions(folder: string, kept: readonly (ProcessInstance | null)[]): Promise<void> {
  const names = await readdir(join(folder, 'versions')).catch(() => [])
  const used = kept.map((instance) => instance && `${instance.version}-${instance.digest.slice(-12)}`)
  for (const name of names)
    if (!used.includes(name)) await rm(join(folder, 'versions', name), { recursive: true, force: true })
}

/** Ends what a deployment that was killed had started, and what it had replaced. */
async function repair(folder: string): Promise<string[]> {
  const told: string[] = []
  const state = await revive(folder, told)
  const orphan = await readOrphan(folder)
  if (orphan && (await endProcessGroup(orphan, stopGraceMs)))
    told.push(`Ended process ${orphan.pid}, left half started.`)
  for (const [instance, what] of [
    [state.starting, 'was started without getting traffic'],
    [state.retiring, 'no longer gets traffic'],
  ] as const) {
    if (instance && (await endProcessGroup(instance.process, stopGraceMs)))
      told.push(`Ended version ${instance.version}, which ${what}.`)
  }
  if (state.starting || state.retiring) await writeState(folder, { ...state, starting: null, retiring: null })
  return told
}

/** Gives the traffic back to the old version where the new one died before the old one was ended. */
async function revive(folder: string, told: string[]): Promise<State> {
  const state = await readState(folder)
  const { serving, retiring } = state
  const isLost = serving !== null && retiring !== null && !(await isRunning(serving.process))
  if (!isLost || !(await isRunning(retiring.process))) return state
  const revived: State = { ...state, serving: retiring, retiring: null }
  await writeState(folder, revived)
  await askFront(folder, 'switch').catch(() => undefined)
  told.push(`Version ${serving.version} had died; version ${retiring.version} got the traffic back.`)
  return revived
}

/** A process that was started just before the deployment was killed, and stands in no state yet. */
async function readOrphan(folder: string): Promise<ProcessIdentity | undefined> {
  const orphan = await readService(join(folder, 'starting.pid'))
  await rm(join(folder, 'starting.pid'), { force: true })
  return orphan
}
