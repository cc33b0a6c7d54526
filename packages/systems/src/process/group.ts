import { execFile } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** A process, so named that a later process with the same id is not taken for it. */
export interface ProcessIdentity {
  readonly pid: number
  /** When it started, as the system says it (on Linux with the id of the boot); only ever compared. */
  readonly startedAt: string
}

export interface GroupMemory {
  /** Resident memory now, over the processes. */
  readonly currentBytes: number
  /** The high-water marks of the processes now alive, in sum. Memory that they share is counted in each. */
  readonly peakBytes: number
}

/** Which process has this id now, or `undefined` when none has. */
export async function identifyProcess(pid: number): Promise<ProcessIdentity | undefined> {
  const startedAt = process.platform === 'linux' ? await startOnLinux(pid) : await startByPs(pid)
  return startedAt === undefined ? undefined : { pid, startedAt }
}

/** Whether exactly this process still runs. */
export async function isRunning(identity: ProcessIdentity): Promise<boolean> {
  const now = await identifyProcess(identity.pid)
  return now !== undefined && now.startedAt === identity.startedAt
}

/**
 * Ends a process and its group: SIGTERM, and SIGKILL for what is left after the grace. A process that only has the
 * same id is left alone.
 * @returns whether there was anything to end.
 */
export async function endProcessGroup(identity: ProcessIdentity, graceMs = 5000): Promise<boolean> {
  if (!(await isRunning(identity))) return false
  await endGroup(identity.pid, graceMs)
  return true
}

/**
 * Ends the group led by `pid`, which the caller knows to be its own, and what of it left the group, as the kernels of
 * notebooks do: on Linux, as long as the process that started it is there.
 */
export async function endGroup(pid: number, graceMs: number): Promise<void> {
  if (!signalGroup(pid, 0)) return
  const left = await leftGroup(pid)
  signalGroup(pid, 'SIGTERM')
  await signalEach(left, 'SIGTERM')
  const deadline = Date.now() + graceMs
  while (Date.now() < deadline) {
    if (!(await isAnyAlive(pid, left))) return
    await sleep(20)
  }
  left.push(...(await leftGroup(pid)))
  signalGroup(pid, 'SIGKILL')
  await signalEach(left, 'SIGKILL')
  for (let tries = 0; tries < 100 && (await isAnyAlive(pid, left)); tries += 1) await sleep(20)
}

/** The descendants of a group that are in none or in another. */
async function leftGroup(group: number): Promise<ProcessIdentity[]> {
  if (process.platform !== 'linux') return []
  const outside = (await membersOf(group)).filter((member) => member.group !== group)
  const found = await Promise.all(outside.map(({ pid }) => identifyProcess(pid)))
  return found.filter((identity) => identity !== undefined)
}

async function signalEach(identities: readonly ProcessIdentity[], signal: NodeJS.Signals): Promise<void> {
  for (const identity of identities) if (await isRunning(identity)) sendSignal(identity.pid, signal)
}

async function isAnyAlive(group: number, besides: readonly ProcessIdentity[]): Promise<boolean> {
  if (await isGroupAlive(group)) return true
  return (await Promise.all(besides.map(isRunning))).includes(true)
}

/** Sends a signal (0: none) to a group; `false` when it is gone. On Windows, which has no groups, to the process itself. */
export function signalGroup(pid: number, signal: NodeJS.Signals | 0): boolean {
  return sendSignal(process.platform === 'win32' ? pid : -pid, signal)
}

function sendSignal(target: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(target, signal)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false
    throw error
  }
}

/** Whether a process of the group, or a descendant, runs; one that has ended and waits to be collected does not. */
async function isGroupAlive(group: number): Promise<boolean> {
  if (process.platform === 'linux') {
    const members = await membersOf(group)
    return members.some((member) => !member.hasEnded)
  }
  try {
    process.kill(process.platform === 'win32' ? group : -group, 0)
    return true
  } catch {
    return false
  }
}

/** Memory of a process group and its descendants from `/proc`; `undefined` where the system has none, or the group is gone. */
export async function groupMemory(group: number): Promise<GroupMemory | undefined> {
  if (process.platform !== 'linux') return undefined
  const members = await membersOf(group)
  return members.length === 0 ? undefined : memoryOf(members.map(({ pid }) => pid))
}

/** As `groupMemory`, of these processes. */
export async function memoryOf(pids: readonly number[]): Promise<GroupMemory> {
  const sums = { currentBytes: 0, peakBytes: 0 }
  for (const pid of pids) {
    const status = await read(`/proc/${pid}/status`)
    sums.currentBytes += kilobytes(status, 'VmRSS') * 1024
    sums.peakBytes += kilobytes(status, 'VmHWM') * 1024
  }
  return sums
}

interface Member {
  readonly pid: number
  readonly parent: number
  readonly group: number
  readonly hasEnded: boolean
}

/** The processes of a group, and the descendants of these that left it. */
async function membersOf(group: number): Promise<Member[]> {
  const names = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const all = await Promise.all(names.map(readMember))
  const found = new Set(all.filter((one) => one.group === group))
  // A set grows while it is walked.
  for (const { pid } of found) for (const one of all) if (one.parent === pid) found.add(one)
  return [...found]
}

async function readMember(name: string): Promise<Member> {
  const fields = statFields(await read(`/proc/${name}/stat`))
  return { pid: Number(name), parent: Number(fields[1]), group: Number(fields[2]), hasEnded: hasEnded(fields) }
}

/** The fields of `/proc/<pid>/stat` from the third (`state`) on; the second, a name in brackets, may hold anything. */
function statFields(stat: string): string[] {
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
}

/**
 * Whether a process has ended and only waits to be collected. While it ends, its first thread looks so before the
 * others have let go of its files and ports.
 */
function hasEnded(fields: readonly string[]): boolean {
  const threads = Number(fields[17])
  return (fields[0] === 'Z' || fields[0] === 'X') && !(threads > 1)
}

async function startOnLinux(pid: number): Promise<string | undefined> {
  const fields = statFields(await read(`/proc/${pid}/stat`))
  const ticks = fields[19]
  if (ticks === undefined || hasEnded(fields)) return undefined
  const boot = await read('/proc/sys/kernel/random/boot_id')
  return `${boot.trim()}/${ticks}`
}

async function startByPs(pid: number): Promise<string | undefined> {
  const answer = await run('ps', ['-o', 'lstart=', '-p', String(pid)]).catch(() => undefined)
  return answer?.stdout.trim() || undefined
}

function kilobytes(status: string, key: string): number {
  return Number(new RegExp(`^${key}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0)
}

/** Empty for a process that has gone meanwhile. */
async function read(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '')
}
