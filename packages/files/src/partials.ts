import { createHash, randomBytes } from 'node:crypto'
import { readlinkSync } from 'node:fs'
import { readdir, rm, stat } from 'node:fs/promises'
import { hostname } from 'node:os'
import { basename, dirname, join } from 'node:path'

/** The names of the temporary files that this process fills now. */
const own = new Set<string>()

/**
 * Lets `write` fill a temporary file beside `path`, and removes what is left of it. Its name begins with a dot, says
 * which process of which machine writes it, and ends in `.partial`, by which a leftover is known after a crash.
 */
export async function withPartial(path: string, write: (temporary: string) => Promise<void>): Promise<void> {
  const writer = `${machine()}-${process.pid}-${randomBytes(6).toString('hex')}`
  const name = `.${basename(path)}.${writer}.partial`
  const temporary = join(dirname(path), name)
  own.add(name)
  try {
    await write(temporary)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  } finally {
    own.delete(name)
  }
}

const written = /^\..+\.([0-9a-f]{8})-(\d+)-[0-9a-f]{12}\.partial$/

/**
 * Removes what writers that were killed left half written in a folder and the folders in it, and returns how many
 * files that were. What cannot be read or removed stays: it does no harm but take room.
 */
export async function sweepPartials(folder: string): Promise<number> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => [])
  let swept = await sweepFiles(folder)
  for (const entry of entries) if (entry.isDirectory()) swept += await sweepFiles(join(folder, entry.name))
  return swept
}

async function sweepFiles(folder: string): Promise<number> {
  let swept = 0
  for (const name of await readdir(folder).catch(() => [])) {
    const [, where, pid] = written.exec(name) ?? []
    const path = join(folder, name)
    if (where === undefined || own.has(name) || !(await isLeft(path, where, Number(pid)))) continue
    const isGone = await rm(path).then(
      () => true,
      () => false,
    )
    if (isGone) swept += 1
  }
  return swept
}

const day = 86_400_000

/** Whether the writer is dead. Of another machine's that cannot be known: it counts as dead after a day of silence. */
async function isLeft(path: string, where: string, pid: number): Promise<boolean> {
  if (where === machine()) return pid === process.pid || !isAlive(pid)
  const found = await stat(path).catch(() => undefined)
  return found !== undefined && Date.now() - found.mtimeMs > day
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

let known: string | undefined

/** Where process ids are this process's own: a machine, or a container on one. */
function machine(): string {
  known ??= createHash('sha256').update(`${hostname()}\n${processNamespace()}`).digest('hex').slice(0, 8)
  return known
}

function processNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid')
  } catch {
    return ''
  }
}
