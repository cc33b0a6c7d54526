import { readlink } from 'node:fs/promises'
import { hostname } from 'node:os'
import { identifyProcess, isRunning } from '@headgate/systems'
import type { Ports } from '../ports.ts'

/** Who carries a run on. */
export interface Owner {
  readonly runId: string
  readonly executor: string
  /** The CI run; `null` outside a CI. */
  readonly ciRun: string | null
  /** Which attempt at that CI run, from 1. */
  readonly ciAttempt: number
  /** The process that waits for it, and where that process can be seen. */
  readonly process: { readonly place: string; readonly pid: number; readonly startedAt: string }
}

type Surroundings = Pick<Ports, 'executor' | 'ciRun' | 'ciAttempt' | 'runState'>

export async function ownerOf({ executor, ciRun, ciAttempt }: Surroundings, runId: string): Promise<Owner> {
  const { pid, startedAt } = (await identifyProcess(process.pid)) ?? { pid: process.pid, startedAt: '' }
  return { runId, executor: executor.name, ciRun, ciAttempt, process: { place: await place(), pid, startedAt } }
}

/**
 * Whether nobody carries a run on any more, so that it can be cleared away. In doubt somebody does. A job that outlives
 * its submitter carries on its run itself: `living` are the runs of such jobs.
 */
export async function isGone(owner: Owner, surroundings: Surroundings, living: ReadonlySet<string>): Promise<boolean> {
  const { executor } = surroundings
  if (living.has(owner.runId)) return false
  if (owner.executor !== 'process' && owner.executor !== executor.name) return false
  return (await isProcessGone(owner)) || (await isCiRunOver(owner, surroundings))
}

async function isProcessGone({ process: { place: where, pid, startedAt } }: Owner): Promise<boolean> {
  return where === (await place()) && startedAt !== '' && !(await isRunning({ pid, startedAt }))
}

const overStates: ReadonlySet<string> = new Set(['succeeded', 'failed', 'cancelled'])

async function isCiRunOver(owner: Owner, { ciRun, ciAttempt, runState }: Surroundings): Promise<boolean> {
  if (owner.ciRun === null) return false
  if (owner.ciRun === ciRun) return owner.ciAttempt < ciAttempt
  // A forge that does not answer leaves it as it is.
  return overStates.has((await runState?.(owner.ciRun).catch(() => undefined)) ?? '')
}

/** Where process ids mean the same: a host, or on Linux a boot and a namespace of processes. */
async function place(): Promise<string> {
  const namespace = await readlink('/proc/self/ns/pid').catch(() => '')
  const boot = (await identifyProcess(process.pid))?.startedAt.split('/')[0] ?? ''
  return namespace === '' ? hostname() : `${boot} ${namespace}`
}
