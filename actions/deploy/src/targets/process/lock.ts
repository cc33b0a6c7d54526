import { randomBytes } from 'node:crypto'
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Refusal } from '@headgate/core'
import { identifyProcess, isRunning, type ProcessIdentity } from '@headgate/systems'

/**
 * Takes the lock of a folder, waiting for whoever holds it; the lock of a process that has ended is void.
 * @returns the function that gives it back.
 * @throws Refusal when it is not free in time.
 */
export async function takeLock(folder: string, waitMs: number): Promise<() => Promise<void>> {
  const file = join(folder, 'lock')
  await mkdir(folder, { recursive: true })
  const me = await identifyProcess(process.pid)
  const mine = `${JSON.stringify({ pid: process.pid, startedAt: me?.startedAt ?? '' })}\n`
  const deadline = Date.now() + waitMs
  while (!(await create(file, mine))) {
    const theirs = await readFile(file, 'utf8').catch(() => '')
    if (theirs !== '' && !(await isHeld(theirs))) await remove(file, theirs)
    else if (Date.now() > deadline) {
      const pid = theirs === '' ? '' : ` (process ${parse(theirs).pid})`
      throw new Refusal(`Another deployment to this environment is under way${pid}. Run again when it has ended.`)
    } else await sleep(100)
  }
  return () => rm(file, { force: true })
}

/** Creates the lock whole or not at all: a link to a file that is already written. */
async function create(file: string, content: string): Promise<boolean> {
  const draft = `${file}.${randomBytes(6).toString('hex')}`
  await writeFile(draft, content)
  try {
    await link(draft, file)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  } finally {
    await rm(draft, { force: true })
  }
}

/** Removes a void lock. If another process replaced it meanwhile, the lock taken away is put back. */
async function remove(file: string, theirs: string): Promise<void> {
  const aside = `${file}.${randomBytes(6).toString('hex')}`
  const taken = await rename(file, aside).then(
    () => true,
    () => false,
  )
  if (!taken) return
  if ((await readFile(aside, 'utf8')) !== theirs) await link(aside, file).catch(() => undefined)
  await rm(aside, { force: true })
}

function isHeld(content: string): Promise<boolean> {
  return isRunning(parse(content))
}

function parse(content: string): ProcessIdentity {
  try {
    const { pid, startedAt } = JSON.parse(content) as Partial<ProcessIdentity>
    return { pid: Number(pid), startedAt: String(startedAt) }
  } catch {
    return { pid: 0, startedAt: '' }
  }
}
