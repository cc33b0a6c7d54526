import { createHash, type Hash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import type { Digest } from '@headgate/core'
import { OutsideError } from '@headgate/core'
import { type Answer, ask, type Patience, pause, type Resource, refusalOf } from './answer.ts'
import { type Facts, factsOf, isGood } from './facts.ts'
import { reasonOf } from './reason.ts'

export interface Download extends Patience {
  /** What the resource must still be. */
  readonly facts: Pick<Facts, 'bytes' | 'etag'>
  /** Told of each piece, and of pieces that were thrown away (below 0). What it throws ends the download. */
  readonly onBytes: (bytes: number) => void
}

const attemptsWithoutProgress = 5

/**
 * Streams a resource into a new file. A connection that was cut is taken up where it broke, if the server can tell that
 * the content is the same still; else it begins anew.
 * @throws OutsideError when it is not what `facts` say, or cannot be had whole; UserError as `refusalOf`.
 */
export async function download(
  resource: Resource,
  to: string,
  how: Download,
): Promise<{ digest: Digest; bytes: number }> {
  const file = await open(to, 'ax')
  try {
    const written = await fill(file, resource, how)
    await file.sync()
    return written
  } finally {
    await file.close()
  }
}

interface Written {
  hash: Hash
  bytes: number
}

async function fill(file: FileHandle, resource: Resource, how: Download): Promise<{ digest: Digest; bytes: number }> {
  const { etag } = how.facts
  const isStrong = etag?.startsWith('"') ?? false
  const written: Written = { hash: createHash('sha256'), bytes: 0 }
  for (let failures = 0, furthest = 0; ; ) {
    const before = written.bytes
    const headers = {
      ...(isStrong && etag !== undefined ? { 'if-match': etag } : {}),
      ...(before > 0 ? { range: `bytes=${before}-` } : {}),
    }
    const answer = await ask(resource, 'GET', headers, how)
    await check(resource, answer, how.facts)
    const from = beginningOf(answer)
    if (from === 0 && before > 0) await restart(file, written, how)
    const total = factsOf(answer).bytes ?? how.facts.bytes
    const failed = from === written.bytes ? await append(file, written, answer, how) : dropped(answer)
    if (failed === undefined && (total === undefined || written.bytes === total))
      return { digest: `sha256:${written.hash.digest('hex')}`, bytes: written.bytes }
    failures = written.bytes > furthest ? 1 : failures + 1
    furthest = Math.max(furthest, written.bytes)
    if (failures >= attemptsWithoutProgress || written.bytes > (total ?? Number.POSITIVE_INFINITY))
      throw incomplete(resource, written.bytes, total, failed)
    if (!isStrong) await restart(file, written, how)
    await pause(failures, how)
  }
}

async function check(resource: Resource, answer: Answer, facts: Download['facts']): Promise<void> {
  const found = factsOf(answer)
  const isOther =
    answer.status === 412 ||
    (isGood(answer) &&
      ((facts.etag !== undefined && found.etag !== undefined && found.etag !== facts.etag) ||
        (facts.bytes !== undefined && found.bytes !== undefined && found.bytes !== facts.bytes)))
  if (!isOther && isGood(answer)) return
  answer.body.on('error', () => undefined).destroy()
  if (!isOther) throw refusalOf(resource, answer)
  throw new OutsideError({
    tried: `Read ${resource.name}.`,
    state: 'It is no longer what its server said of it a moment before. Nothing was trained.',
    next: 'Run it again when nobody writes it.',
  })
}

/** Of which byte on the answer is; a server that knows no ranges sends all of it. */
function beginningOf({ status, header }: Answer): number {
  return status === 206 ? Number(/^bytes (\d+)-/.exec(header('content-range') ?? '')?.[1]) : 0
}

function dropped({ body }: Answer): Error {
  body.on('error', () => undefined).destroy()
  return new Error('the server sent another part than was asked for')
}

async function restart(file: FileHandle, written: Written, { onBytes }: Download): Promise<void> {
  onBytes(-written.bytes)
  await file.truncate(0)
  written.hash = createHash('sha256')
  written.bytes = 0
}

/**
 * Writes what comes. @returns what cut it off; `undefined` at its end. A piece that has come counts, whatever comes after
 * it: iterating the body would lose what it holds when the connection breaks, and so might get no further.
 */
async function append(
  file: FileHandle,
  written: Written,
  { body }: Answer,
  { onBytes, signal }: Download,
): Promise<unknown> {
  let writing = Promise.resolve()
  const write = async (piece: Buffer): Promise<void> => {
    onBytes(piece.length)
    await file.appendFile(piece)
    written.hash.update(piece)
    written.bytes += piece.length
    body.resume()
  }
  const failed = await new Promise<unknown>((resolve, reject) => {
    const broken = (): void => resolve(body.errored ?? new Error('the connection was closed on the way'))
    if (body.destroyed) return broken()
    body.once('end', () => resolve(undefined))
    body.once('error', resolve)
    body.once('close', broken)
    body.on('data', (piece: Buffer) => {
      body.pause()
      writing = write(piece)
      writing.catch((error: unknown) => {
        reject(error)
        body.destroy()
      })
    })
  })
  await writing
  signal.throwIfAborted()
  return failed
}

function incomplete(resource: Resource, bytes: number, total: number | undefined, error: unknown): OutsideError {
  const of = total === undefined ? '' : ` of ${total.toLocaleString('en-US')}`
  const why = error === undefined ? '' : `: ${reasonOf(error)}`
  return new OutsideError(
    {
      tried: `Read ${resource.name}, ${attemptsWithoutProgress} times from where it broke off.`,
      state: `${bytes.toLocaleString('en-US')}${of} bytes came${why}. Nothing was trained.`,
      next: 'Run it again when the connection is better.',
    },
    { cause: error },
  )
}
