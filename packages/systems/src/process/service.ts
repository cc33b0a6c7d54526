import { mkdir, open, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { dirname } from 'node:path'
import { writeAtomically } from '@headgate/files'
import { z } from 'zod'
import { identifyProcess, isRunning, type ProcessIdentity } from './group.ts'
import { startChild } from './run.ts'

export interface ServiceRequest {
  readonly argv: readonly string[]
  readonly cwd: string
  /** The whole environment of the service. */
  readonly environment: Readonly<Record<string, string>>
  /** Gets the process's identity as JSON. */
  readonly pidFile: string
  /** Gets what it prints; added to, never cut. */
  readonly logFile: string
}

const identitySchema = z.object({ pid: z.int().positive(), startedAt: z.string().min(1) })

/**
 * Starts a process that outlives this one, in a group of its own, with its id and its log in files.
 * @throws UserError when it cannot be started.
 */
export async function startService(request: ServiceRequest): Promise<ProcessIdentity> {
  await mkdir(dirname(request.logFile), { recursive: true })
  const log = await open(request.logFile, 'a')
  try {
    const [command = '', ...words] = request.argv
    const child = await startChild(command, words, {
      cwd: request.cwd,
      env: { ...request.environment },
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
    })
    child.unref()
    const pid = child.pid ?? 0
    const identity = (await identifyProcess(pid)) ?? { pid, startedAt: 'ended at once' }
    await writeAtomically(request.pidFile, `${JSON.stringify(identity)}\n`)
    return identity
  } finally {
    await log.close()
  }
}

/** The process that a pid file names, if it still runs. An unreadable file names none. */
export async function readService(pidFile: string): Promise<ProcessIdentity | undefined> {
  const text = await readFile(pidFile, 'utf8').catch(() => '')
  const parsed = identitySchema.safeParse(text === '' ? undefined : parseJson(text))
  return parsed.success && (await isRunning(parsed.data)) ? parsed.data : undefined
}

/** Removes a pid file whose process has been ended. */
export async function forgetService(pidFile: string): Promise<void> {
  await rm(pidFile, { force: true })
}

/** The last lines of a log file, read from its end. */
export async function lastLinesOf(file: string, count: number): Promise<string[]> {
  const handle = await open(file, 'r').catch(() => undefined)
  if (handle === undefined) return []
  try {
    const { size } = await handle.stat()
    const length = Math.min(size, 64 * 1024)
    const { buffer } = await handle.read(Buffer.alloc(length), 0, length, size - length)
    const lines = buffer.toString('utf8').split(/\r?\n/)
    return lines.filter((line) => line !== '').slice(-count)
  } finally {
    await handle.close()
  }
}

/** A port that nobody listens on now. Another process may take it before the caller does. */
export async function freePort(host = '127.0.0.1'): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, host, resolve)
  })
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('a TCP server has no port')
  return address.port
}

/** Whether somebody listens on a port: it cannot be taken. */
export async function isPortTaken(port: number, host = '127.0.0.1'): Promise<boolean> {
  const server = createServer()
  return new Promise((resolve) => {
    server.once('error', () => resolve(true))
    server.listen(port, host, () => server.close(() => resolve(false)))
  })
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
