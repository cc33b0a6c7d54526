// Starts a server on loopback, waits until it answers, and ends it with all that it started.
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { isPortTaken, isRunning, lastLinesOf, type ProcessIdentity, startService } from '@headgate/systems'
import { runFolder } from './folders.ts'
import { endProcesses, findProcesses, killProcesses } from './leftovers.ts'

export interface ServerRequest {
  /** What it is called in messages, and by its log: letters, digits, hyphens. */
  readonly name: string
  readonly argv: readonly string[]
  /** Its work folder and home, and where its log lies. */
  readonly folder: string
  readonly environment?: Readonly<Record<string, string>>
  /** Asked over and over, with what it has printed since it was started; throwing counts as not yet. */
  readonly isReady: (printed: string) => Promise<boolean>
  /** How long it may take; three minutes unless told, since cores are shared. */
  readonly readyWithinMs?: number
}

export interface Server {
  /** The identity now; another one after a restart. */
  readonly identity: () => ProcessIdentity
  readonly logFile: string
  /** Ends it and all that it started: SIGTERM to itself first, so that it can clean up. */
  stop(): Promise<void>
  /** Ends it as a failing machine does: SIGKILL to all that belongs to it. */
  kill(): Promise<void>
  /** Starts it again after `stop` or `kill`: the same command, in the same folder. */
  start(): Promise<void>
}

const serverVariable = 'HEADGATE_REAL_SERVER'
/** Settings of whoever runs the tests that would steer a server. */
const steering =
  /^(PYTHON|PIP_|UV_|MLFLOW_|RAY_|SPARK_|PYSPARK_|DVC_|PG|DOCKER_|BUILDKIT_|KUBE|GIT_|AWS_|JUPYTER|NODE_)/

/**
 * Starts a server and waits until it is ready.
 * @throws Error with the last lines of its log when it ends, or is not ready in time.
 */
export async function startServer(request: ServerRequest): Promise<Server> {
  const logFile = join(request.folder, `${request.name}.log`)
  const mark = { name: serverVariable, value: `${request.folder}/${request.name}` }
  let identity: ProcessIdentity
  const start = async (): Promise<void> => {
    const from = await sizeOf(logFile)
    identity = await startService({
      argv: request.argv,
      cwd: request.folder,
      environment: serverEnvironment(request.folder, { ...request.environment, [mark.name]: mark.value }),
      pidFile: join(runFolder(), `${request.name}.${Date.now()}.pid`),
      logFile,
    })
    console.log(`started ${request.name}, pid ${identity.pid}, log ${logFile}`)
    await waitUntilReady(request, identity, { file: logFile, from })
  }
  const isItself = ({ pid }: ProcessIdentity): boolean => pid === identity.pid
  const stop = async (): Promise<void> => {
    const family = await findProcesses(mark, [identity])
    const [itself, others] = [family.filter(isItself), family.filter((one) => !isItself(one))]
    await endProcesses(itself, 0, 20_000)
    await endProcesses(others, 2000, 5000)
    // What was born while the others ended.
    await endProcesses(await findProcesses(mark), 0, 2000)
  }
  const kill = async (): Promise<void> => killProcesses(await findProcesses(mark, [identity]))
  try {
    await start()
  } catch (error) {
    await stop()
    throw error
  }
  return { identity: () => identity, logFile, start, stop, kill }
}

interface Log {
  readonly file: string
  /** Where this start's part begins, in bytes. */
  readonly from: number
}

async function waitUntilReady(request: ServerRequest, identity: ProcessIdentity, log: Log): Promise<void> {
  const withinMs = request.readyWithinMs ?? 180_000
  const deadline = Date.now() + withinMs
  const isReady = async (): Promise<boolean> => request.isReady((await readFile(log.file)).toString('utf8', log.from))
  while (!(await isReady().catch(() => false))) {
    const ended = !(await isRunning(identity))
    if (ended || Date.now() > deadline) {
      const why = ended ? 'ended' : `was not ready within ${withinMs / 1000} s`
      const lines = await lastLinesOf(log.file, 20)
      throw new Error(`${request.name} ${why}. The end of its log:\n${lines.join('\n') || '(empty)'}`)
    }
    await sleep(100)
  }
}

async function sizeOf(file: string): Promise<number> {
  return stat(file).then(
    ({ size }) => size,
    () => 0,
  )
}

/** The environment of a server, or of a client in a test: this one's, without what would steer them. */
export function serverEnvironment(home: string, more: Readonly<Record<string, string>> = {}): Record<string, string> {
  const kept = Object.entries(process.env).filter(([name]) => !steering.test(name))
  return { ...(Object.fromEntries(kept) as Record<string, string>), HOME: home, LANG: 'C.UTF-8', ...more }
}

/** Whether a server answers at this address, and with success. */
export async function answers(url: string, headers: Readonly<Record<string, string>> = {}): Promise<boolean> {
  return fetch(url, { headers, signal: AbortSignal.timeout(5000) }).then(
    ({ ok }) => ok,
    () => false,
  )
}

/** Free loopback ports, below those that the system gives to outgoing connections. */
export async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>()
  while (ports.size < count) {
    const port = 20_000 + Math.floor(Math.random() * 12_000)
    if (!(await isPortTaken(port))) ports.add(port)
  }
  return [...ports]
}
