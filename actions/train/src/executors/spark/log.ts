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
    const from = known?.lines === request.seen ? known : { lines: 0, byte: 0 }
    positions.set(request.file, await followFrom(from, request))
  }
}

/** Hands over whole lines until the log has ended. @returns where the next to look begins. */
async function followFrom(from: Position, request: LogRequest): Promise<Position> {
  let [lines, byte] = [from.lines, from.byte]
  let unfinished: Buffer[] = []
  const splitter = splitLines((line) => {
    lines += 1
    if (lines > request.seen) request.onLine(line)
  })
  const take = (chunk: Buffer): void => {
    const end = chunk.lastIndexOf(0x0a) + 1
    if (end === 0) return void unfinished.push(chunk)
    const whole = Buffer.concat([...unfinished, chunk.subarray(0, end)])
    unfinished = end < chunk.length ? [chunk.subarray(end)] : []
    byte += whole.length
    splitter.write(whole)
  }
  const unfinishedBytes = (): number => unfinished.reduce((sum, { length }) => sum + length, 0)
  let pauseMs = firstPauseMs
  for (;;) {
    const ended = await request.hasEnded()
    const read = await readOn(request.file, byte + unfinishedBytes(), take, request.signal)
    if (request.signal.aborted) return { lines, byte }
    if (ended && unfinished.length > 0) take(Buffer.from('\n'))
    if (ended) return { lines, byte }
    pauseMs = read ? firstPauseMs : Math.min(pauseMs * 2, longestPauseMs)
    await sleep(pauseMs, undefined, { signal: request.signal }).catch(() => undefined)
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
