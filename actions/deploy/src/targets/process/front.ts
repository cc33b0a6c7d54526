import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { OutsideError, UserError } from '@headgate/core'
import { readText } from '@headgate/files'
import {
  endProcessGroup,
  forgetService,
  isPortTaken,
  isRunning,
  lastLinesOf,
  type ProcessIdentity,
  readService,
  startService,
} from '@headgate/systems'
import { z } from 'zod'

const knownSchema = z.object({
  host: z.string(),
  port: z.int(),
  control: z.int().positive(),
  token: z.string(),
  pid: z.int().positive(),
})
const statusSchema = z.object({ backend: z.int().nullable(), inFlight: z.record(z.string(), z.int()) })
export type FrontStatus = z.output<typeof statusSchema>

export interface Address {
  readonly host: string
  readonly port: number
}

interface RunningFront {
  readonly identity: ProcessIdentity
  readonly known: z.output<typeof knownSchema>
}

/** The front that runs for this folder, if one does. */
async function findFront(folder: string): Promise<RunningFront | undefined> {
  const identity = await readService(pidFile(folder))
  const text = identity && (await readText(join(folder, 'front.json')))
  if (identity === undefined || text === undefined) return undefined
  const known = knownSchema.safeParse(JSON.parse(text))
  return known.success && known.data.pid === identity.pid ? { identity, known: known.data } : undefined
}

/** @throws UserError when the public port belongs to somebody else. */
export async function checkFront(folder: string, address: Address): Promise<void> {
  const front = await findFront(folder)
  if (front && front.known.host === address.host && front.known.port === address.port) return
  if (!(await isPortTaken(address.port, address.host))) return
  throw new UserError({
    what: `port ${address.port} of ${address.host} is taken by another process.`,
    fix: 'Set another `port`, or end that process.',
  })
}

/** Starts the front if it does not run, or runs elsewhere. Returns whether it had to. */
export async function ensureFront(
  folder: string,
  address: Address,
  environment: Readonly<Record<string, string>>,
): Promise<boolean> {
  const front = await findFront(folder)
  if (front && front.known.host === address.host && front.known.port === address.port) return false
  await stopFront(folder)
  await checkFront(folder, address)
  await rm(join(folder, 'front.json'), { force: true })
  const argv = [...frontCommand(), folder, address.host, String(address.port)]
  const logFile = join(folder, 'front.log')
  const identity = await startService({ argv, cwd: folder, environment, pidFile: pidFile(folder), logFile })
  for (let tries = 0; tries < 200; tries += 1) {
    if (await findFront(folder)) return true
    if (!(await isRunning(identity))) break
    await sleep(50)
  }
  const lines = await lastLinesOf(logFile, 5)
  throw new OutsideError({
    tried: 'Started the front that passes requests on.',
    state: `It does not listen on ${address.host}:${address.port}: ${lines.join(' ')}`,
    next: `See ${logFile}, and run again.`,
  })
}

export async function stopFront(folder: string): Promise<void> {
  const identity = await readService(pidFile(folder))
  if (identity) await endProcessGroup(identity)
  await forgetService(pidFile(folder))
}

/** Has the front read the state anew, or only asks what goes where. */
export async function askFront(folder: string, ask: 'switch' | 'status'): Promise<FrontStatus> {
  const front = await findFront(folder)
  if (front === undefined) throw unanswered('It does not run.')
  const { control, token } = front.known
  try {
    const response = await fetch(`http://127.0.0.1:${control}/${ask}`, {
      method: ask === 'switch' ? 'POST' : 'GET',
      headers: { authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(10_000),
    })
    return statusSchema.parse(await response.json())
  } catch (error) {
    throw unanswered(String(error))
  }
}

function unanswered(why: string): OutsideError {
  return new OutsideError({
    tried: 'Asked the front that passes requests on.',
    state: `It did not answer. ${why}`,
    next: 'Run again: it is started anew then.',
  })
}

function pidFile(folder: string): string {
  return join(folder, 'front.pid')
}

/** The front beside this code: bundled in a folder of its own, built, or in source. */
function frontCommand(): string[] {
  const here = import.meta.dirname
  const candidates = [
    join(here, 'front', 'index.js'),
    join(here, '..', '..', 'front.js'),
    join(here, '..', '..', 'front.ts'),
  ]
  const file = candidates.find((candidate) => existsSync(candidate))
  if (file === undefined) throw new Error(`the front is at none of ${candidates.join(', ')}`)
  const flags = file.endsWith('.ts') ? ['--conditions=source', '--disable-warning=ExperimentalWarning'] : []
  return [process.execPath, ...flags, file]
}
