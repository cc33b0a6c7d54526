import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { UserError } from '@headgate/core'
import { endGroup, groupMemory } from './group.ts'
import { splitLines } from './lines.ts'
import { masker } from './mask.ts'

export interface ProcessRequest {
  /** Command and arguments. With `shell`, joined by spaces and read by `/bin/sh`. */
  readonly argv: readonly string[]
  readonly shell?: boolean | undefined
  readonly cwd: string
  /** The whole environment: nothing of this process is passed on. */
  readonly environment: Readonly<Record<string, string>>
  readonly timeoutMs?: number | undefined
  /** Ends the group when its resident memory, in sum, is found above this. Where memory cannot be read: no limit. */
  readonly memoryLimitBytes?: number | undefined
  /** Ends the group when aborted; the call then throws the signal's reason. */
  readonly signal?: AbortSignal | undefined
  /** Called once the command runs: from then on it fails by its result only. */
  readonly onStart?: (() => void) | undefined
  /** Gets each line as it is printed, secrets already hidden. */
  readonly onLine?: ((stream: 'stdout' | 'stderr', line: string) => void) | undefined
  readonly secrets?: readonly string[] | undefined
  /** Time between SIGTERM and SIGKILL; the default stays within what CI runners leave a cancelled job. */
  readonly graceMs?: number | undefined
}

export interface ProcessResult {
  /** `null` when it was ended by a signal. */
  readonly exitCode: number | null
  readonly signal: NodeJS.Signals | null
  /** Sampled: an upper bound where processes share memory, short peaks may be missed; `null` where unknown. */
  readonly peakMemoryBytes: number | null
  /** The last 50 lines of both streams, each cut to 2,000 characters. */
  readonly lastLines: readonly string[]
  readonly durationMs: number
  readonly timedOut: boolean
  /** Whether it was ended because of `memoryLimitBytes`. */
  readonly outOfMemory: boolean
}

const keptLines = 50
const keptLength = 2000
const defaultGraceMs = 5000
const longestSampleMs = 250
const shownCommand = 200

/**
 * Runs a command in a process group of its own, and ends the group as a whole: when the command ends, on timeout, at
 * the memory limit and when cancelled. No shell, unless asked for.
 * @throws UserError when the command cannot be started; the signal's reason when aborted.
 */
export async function runProcess(request: ProcessRequest): Promise<ProcessResult> {
  request.signal?.throwIfAborted()
  const startedAt = performance.now()
  const child = await start(request)
  request.onStart?.()
  const output = follow(child, request)
  const ended = endOf(child)
  const watch = watchGroup(child, request)
  const { exitCode, signal } = await ended
  watch.stop()
  // The command may leave processes behind, which would hold its pipes open for ever.
  await endGroup(child.pid ?? 0, request.graceMs ?? defaultGraceMs)
  await drained(child, output.closed)
  await watch.ended
  request.signal?.throwIfAborted()
  return {
    exitCode,
    signal,
    peakMemoryBytes: watch.peakBytes(),
    lastLines: output.lastLines,
    durationMs: performance.now() - startedAt,
    timedOut: watch.cause() === 'timeout',
    outOfMemory: watch.cause() === 'memory',
  }
}

/** The command as a person would read it. */
export function commandText(argv: readonly string[]): string {
  return argv.map((word) => (/^[\w@%+=:,./{}-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)).join(' ')
}

function start(request: ProcessRequest): Promise<ChildProcess> {
  const [command = '', ...words] = request.shell ? shellCommand(request.argv.join(' ')) : request.argv
  return startChild(command, words, {
    cwd: request.cwd,
    env: { ...request.environment },
    detached: process.platform !== 'win32',
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}

/**
 * Starts a command, which runs when this returns.
 * @throws UserError when it cannot be started: the system says so at once, or by an event.
 */
export async function startChild(
  command: string,
  words: readonly string[],
  options: SpawnOptions & { readonly cwd: string },
): Promise<ChildProcess> {
  try {
    const child = spawn(command, words, options)
    await once(child, 'spawn')
    return child
  } catch (error) {
    throw cannotStart(command, options.cwd, error as NodeJS.ErrnoException)
  }
}

function shellCommand(text: string): string[] {
  return process.platform === 'win32' ? ['cmd.exe', '/d', '/s', '/c', text] : ['/bin/sh', '-c', text]
}

const nameProgram = 'Name a program that is on the PATH of this job, or a file in the work tree that may be executed.'

/** Why a command could not be started, in words; a message of Node.js’s own may quote the environment. */
function cannotStart(command: string, cwd: string, error: NodeJS.ErrnoException): UserError {
  const shown = command.length > shownCommand ? `${command.slice(0, shownCommand)}…` : command
  const absent = existsSync(cwd) ? 'there is no such command.' : `there is no folder ${cwd} to start it in.`
  const reasons: Record<string, readonly [string, string]> = {
    ENOENT: [absent, nameProgram],
    ENOTDIR: [absent, nameProgram],
    ENAMETOOLONG: [absent, nameProgram],
    EACCES: [`${shown} may not be executed.`, nameProgram],
    E2BIG: [
      'its arguments and environment are too long.',
      'Name a folder instead of all that lies in it, and hand over long values in files.',
    ],
    ERR_INVALID_ARG_VALUE: ['its words or its variables hold a NUL character.', 'Leave it out.'],
  }
  const [reason, fix] = reasons[error.code ?? ''] ?? [error.message, nameProgram]
  return new UserError({ what: `${shown} could not be started: ${reason}`, fix }, { cause: error })
}

interface Output {
  readonly lastLines: readonly string[]
  /** Both streams have closed, and their last lines were handed over. */
  readonly closed: Promise<unknown>
}

function follow(child: ChildProcess, request: ProcessRequest): Output {
  const hide = masker(request.secrets ?? [])
  const lastLines: string[] = []
  const closed = (['stdout', 'stderr'] as const).map((stream) => {
    const lines = splitLines((line) => {
      const shown = hide(line)
      lastLines.push(shown.length > keptLength ? `${shown.slice(0, keptLength)}…` : shown)
      if (lastLines.length > keptLines) lastLines.shift()
      request.onLine?.(stream, shown)
    })
    child[stream]?.on('data', (chunk: Buffer) => lines.write(chunk))
    return new Promise<void>((resolve) => {
      child[stream]?.once('close', () => {
        lines.end()
        resolve()
      })
    })
  })
  return { lastLines, closed: Promise.all(closed) }
}

function endOf(child: ChildProcess): Promise<Pick<ProcessResult, 'exitCode' | 'signal'>> {
  return new Promise((resolve) => child.once('exit', (exitCode, signal) => resolve({ exitCode, signal })))
}

/** Waits until what was printed has been read. A process that left the group may keep a pipe: then not for long. */
async function drained(child: ChildProcess, closed: Promise<unknown>): Promise<void> {
  const timer = setTimeout(() => {
    child.stdout?.destroy()
    child.stderr?.destroy()
  }, 2000)
  await closed
  clearTimeout(timer)
}

type Cause = 'timeout' | 'memory' | 'cancelled'

interface Watch {
  stop(): void
  cause(): Cause | undefined
  peakBytes(): number | null
  /** Done when an end that was begun has gone through. */
  readonly ended: Promise<void>
}

function watchGroup(child: ChildProcess, request: ProcessRequest): Watch {
  const pid = child.pid ?? 0
  let cause: Cause | undefined
  let peak: number | null = null
  let stopped = false
  let ended = Promise.resolve()
  let next: NodeJS.Timeout | undefined
  const end = (because: Cause): void => {
    if (cause !== undefined || stopped) return
    cause = because
    ended = endGroup(pid, request.graceMs ?? defaultGraceMs)
  }
  const sample = async (waitMs: number): Promise<void> => {
    const memory = await groupMemory(pid)
    if (stopped) return
    if (memory) peak = Math.max(peak ?? 0, memory.peakBytes)
    if (memory && memory.currentBytes > (request.memoryLimitBytes ?? Number.POSITIVE_INFINITY)) end('memory')
    next = setTimeout(() => void sample(Math.min(longestSampleMs, waitMs * 2)), waitMs)
  }
  void sample(10)
  const cancel = (): void => end('cancelled')
  request.signal?.addEventListener('abort', cancel, { once: true })
  if (request.signal?.aborted) cancel()
  const timer = request.timeoutMs === undefined ? undefined : setTimeout(() => end('timeout'), request.timeoutMs)
  return {
    stop: () => {
      stopped = true
      clearTimeout(timer)
      clearTimeout(next)
      request.signal?.removeEventListener('abort', cancel)
    },
    cause: () => cause,
    peakBytes: () => peak,
    get ended() {
      return ended
    },
  }
}
