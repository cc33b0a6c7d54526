import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createReadStream, createWriteStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { finished } from 'node:stream/promises'
import { Zip, ZipDeflate } from 'fflate'

/** A file of an archive: its path there, and a file of this machine or its text. */
export interface ArchiveEntry {
  readonly path: string
  readonly from: string | { readonly text: string }
}

/** The same for the same content, whenever it is made: the oldest that the format knows. */
const madeAt = new Date(1980, 0, 1)
const unix = 3
const regularFile = 0o100000

/**
 * Writes a zip, a piece of a file at a time. Equal content gives equal bytes.
 * @returns the SHA-256 of the archive, hexadecimal, and its length.
 */
export async function writeArchive(
  file: string,
  entries: readonly ArchiveEntry[],
): Promise<{ digest: string; bytes: number }> {
  const out = createWriteStream(file, { mode: 0o600 })
  const hash = createHash('sha256')
  let bytes = 0
  let isFull = false
  const zip = new Zip((error, chunk) => {
    if (error) throw error
    hash.update(chunk)
    bytes += chunk.length
    isFull = !out.write(chunk)
  })
  const done = finished(out)
  try {
    for (const { path, from } of entries) {
      const entry = new ZipDeflate(path, { level: 6 })
      entry.mtime = madeAt
      entry.os = unix
      entry.attrs = ((await modeOf(from)) | regularFile) << 16
      zip.add(entry)
      for await (const chunk of pieces(from)) {
        entry.push(chunk)
        if (isFull) await once(out, 'drain')
      }
      entry.push(new Uint8Array(0), true)
    }
    zip.end()
    out.end()
    await done
  } catch (error) {
    out.destroy()
    await done.catch(() => undefined)
    throw error
  }
  return { digest: hash.digest('hex'), bytes }
}

/** Whether it may be executed is part of the content, and nothing else of who may what. */
async function modeOf(from: ArchiveEntry['from']): Promise<number> {
  if (typeof from !== 'string') return 0o644
  return ((await stat(from)).mode & 0o100) === 0 ? 0o644 : 0o755
}

async function* pieces(from: ArchiveEntry['from']): AsyncGenerator<Uint8Array> {
  if (typeof from === 'string') yield* createReadStream(from) as AsyncIterable<Uint8Array>
  else yield new TextEncoder().encode(from.text)
}
