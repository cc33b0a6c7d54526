import { type FileHandle, open } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { splitLines } from '@headgate/systems'

/** Where a log has been read up to: so many lines, which end at this byte. */
interface Position {
  readonly lines: number
  readonly byte: number
}

export interface LogRequest {
  readonly file: string
  readonly seen: number
  readonly onLine: (line: string) => void
  readonly signal: AbortSignal
  /** Whether nothing will be added any more. */
  readonly hasEnded: () => Promise<boolean>
}

const firstPauseMs = 50
const longestPauseMs = 400

/** Follows files that grow. It remembers where it was in each, so that a long log is not read again from its start. */
export function logFollower(): (request: LogRequest) => Promise<void> {
  const positions = new Map<string, Position>()
  return async (request) => {
    const known = positions.get(request.file)
    const log = openLog(request, known?.lines === request.seen ? known : { lines: 0, byte: 0 })
    try {
      await followToEnd(log, request)
    } finally {
      positions.set(request.file, log.position())
    }
  }
}

async function followToEnd(log: Log, { signal, hasEnded }: LogRequest): Promise<void> {
  let pauseMs = firstPauseMs
  while (!signal.aborted) {
    // First: what is there is handed over also while the system cannot be asked whether more will come.
    const isMore = await log.read()
    if (await hasEnded()) {
      await log.read()
      if (!signal.aborted) log.end()
      return
    }
    pauseMs = isMore ? firstPauseMs : Math.min(pauseMs * 2, longestPauseMs)
    await sleep(pauseMs, undefined, { signal }).catch(() => undefined)
  }
}

interface Log {
  /** Hands over the lines up to the present end of the file. @returns whether there was anything. */
  read(): Promise<boolean>
  /** Hands over a last line that has no break. */
  end(): void
  /** Where the next to look begins: after the last whole line. */
  position(): Position
}

function openLog({ file, seen, onLine, signal }: LogRequest, from: Position): Log {
  let { lines, byte } = from
  let unfinished: Buffer[] = []
  let unfinishedBytes = 0
  const splitter = splitLines((line) => {
    lines += 1
    if (lines > seen) onLine(line)
  })
  const take = (chunk: Buffer): void => {
    const end = chunk.lastIndexOf(0x0a) + 1
    const rest = chunk.subarray(end)
    if (end > 0) {
      const whole = Buffer.concat([...unfinished, chunk.subarray(0, end)])
      unfinished = []
      unfinishedBytes = 0
      byte += whole.length
      splitter.write(whole)
    }
    if (rest.length > 0) unfinished.push(rest)
    unfinishedBytes += rest.length
  }
  return {
    read: () => readOn(file, byte + unfinishedBytes, take, signal),
    end: () => {
      if (unfinishedBytes > 0) take(Buffer.from('\n'))
    },
    position: () => ({ lines, byte }),
  }
}

const chunkBytes = 256 * 1024

/** Reads a file from a byte to its present end. @returns whether there was anything. */
async function readOn(
  file: string,
  from: number,
  take: (chunk: Buffer) => void,
  signal: AbortSignal,
): Promise<boolean> {
  const handle: FileHandle | undefined = await open(file, 'r').catch(() => undefined)
  if (handle === undefined) return false
  let at = from
  try {
    while (!signal.aborted) {
      const { bytesRead, buffer } = await handle.read(Buffer.alloc(chunkBytes), 0, chunkBytes, at)
      if (bytesRead === 0) break
      at += bytesRead
      take(buffer.subarray(0, bytesRead))
    }
    return at > from
  } finally {
    await handle.close()
  }
}
