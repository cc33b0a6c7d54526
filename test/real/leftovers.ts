// Finds every process that belongs to a server or to a run, also one that left its parent and its group, and ends it.
import { execFile } from 'node:child_process'
import { readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { identifyProcess, isRunning, type ProcessIdentity, readService } from '@headgate/systems'
import { runVariable } from './folders.ts'

const run = promisify(execFile)

export interface Found extends ProcessIdentity {
  readonly command: string
}

/** What a process carries in its environment, and its children with it. */
export interface Mark {
  readonly name: string
  readonly value: string
}

/**
 * The processes that carry the mark, and the descendants of these and of `roots`: containers start with an environment
 * of their own, and PostgreSQL writes over the one it had. This process and those it descends from are left out.
 */
export async function findProcesses(mark: Mark, roots: readonly ProcessIdentity[] = []): Promise<Found[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number)
  const parents = new Map(await Promise.all(pids.map(async (pid) => [pid, await parentOf(pid)] as const)))
  const ours = new Set(ancestry(process.pid, parents))
  const entry = `${mark.name}=${mark.value}`
  const members = new Set<number>()
  for (const root of roots) if (await isRunning(root)) members.add(root.pid)
  for (const pid of pids) if ((await read(pid, 'environ')).split('\0').includes(entry)) members.add(pid)
  for (const pid of ours) members.delete(pid)
  const belongs = (pid: number): boolean => !ours.has(pid) && ancestry(pid, parents).some((one) => members.has(one))
  const found = await Promise.all(pids.filter(belongs).map(describe))
  return found.flat()
}

/**
 * Waits for the processes to end by themselves, then ends them: SIGTERM, and SIGKILL for what is left after the grace.
 * @returns those that had to be ended.
 */
export async function endProcesses(
  processes: readonly Found[],
  patienceMs: number,
  graceMs: number,
): Promise<readonly Found[]> {
  const left = await remaining(processes, patienceMs)
  for (const one of left) await signal(one, 'SIGTERM')
  await killProcesses(await remaining(left, graceMs))
  return left
}

/** Ends processes as a failing machine does: SIGKILL, and nothing else before. */
export async function killProcesses(processes: readonly Found[]): Promise<void> {
  for (const one of processes) await signal(one, 'SIGKILL')
  await remaining(processes, 5000)
}

/** Ends what servers and tests of a run left behind, and removes its folder. @returns what had to be ended. */
export async function endRun(folder: string, patienceMs: number): Promise<readonly string[]> {
  const left = await endProcesses(await findRun(folder), patienceMs, 5000)
  await unmountBelow(folder)
  await rm(folder, { recursive: true, force: true, maxRetries: 5 })
  return left.map(({ pid, command }) => `pid ${pid}: ${command}`)
}

/** Unmounts what is mounted in a folder, the innermost first: removing the folder would go through it. */
export async function unmountBelow(folder: string): Promise<void> {
  const mounts = await readFile('/proc/self/mountinfo', 'utf8').catch(() => '')
  const points = mounts.split('\n').flatMap((line) => line.split(' ')[4] ?? [])
  const below = points.filter((point) => point.startsWith(`${folder}/`))
  for (const point of below.toReversed()) await run('umount', ['--lazy', point])
}

/** The processes of a run: they carry its folder, or are named by a pid file in it. */
async function findRun(folder: string): Promise<Found[]> {
  const files = await readdir(folder).catch(() => [])
  const started = await Promise.all(
    files.filter((name) => name.endsWith('.pid')).map((name) => readService(join(folder, name))),
  )
  const roots = started.filter((identity) => identity !== undefined)
  return findProcesses({ name: runVariable, value: folder }, roots)
}

/** Those that still run after the time given; it returns as soon as none does. */
async function remaining(processes: readonly Found[], withinMs: number): Promise<Found[]> {
  const deadline = Date.now() + withinMs
  for (;;) {
    const alive = await Promise.all(processes.map(isRunning))
    const left = processes.filter((_, index) => alive[index])
    if (left.length === 0 || Date.now() >= deadline) return left
    await sleep(50)
  }
}

async function signal(found: Found, name: NodeJS.Signals): Promise<void> {
  if (!(await isRunning(found))) return
  try {
    process.kill(found.pid, name)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

async function describe(pid: number): Promise<Found[]> {
  const identity = await identifyProcess(pid)
  const command = (await read(pid, 'cmdline')).replaceAll('\0', ' ').trim().slice(0, 120)
  return identity === undefined ? [] : [{ ...identity, command }]
}

async function parentOf(pid: number): Promise<number> {
  const stat = await read(pid, 'stat')
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1] ?? 0)
}

/** A process, its parent, and so on up. */
function ancestry(pid: number, parents: ReadonlyMap<number, number>): number[] {
  const line: number[] = []
  for (let at = pid; at > 0 && !line.includes(at); at = parents.get(at) ?? 0) line.push(at)
  return line
}

/** Empty for a process that has gone meanwhile, or is another user's. */
async function read(pid: number, file: string): Promise<string> {
  return readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '')
}
