import { createReadStream, createWriteStream } from 'node:fs'
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { digestFile } from '@headgate/files'
import { z } from 'zod'
import type { Source } from '../port.ts'
import { objectName } from '../verify.ts'

const partSchema = z.object({
  name: z.string().regex(/^sha256-[0-9a-f]{64}\.part\d+$/),
  digest: z.string(),
  bytes: z.int().positive(),
})
/** A piece of a file that is too large for one asset. */
export type Part = z.output<typeof partSchema>

const manifestSchema = z.object({ digest: z.string(), bytes: z.int().positive(), parts: z.array(partSchema) })
export type Manifest = z.output<typeof manifestSchema>

export interface Range {
  readonly number: number
  readonly start: number
  /** Exclusive. */
  readonly end: number
}

/** The ranges of a file, each of at most `partBytes`. */
export function partsOf(bytes: number, partBytes: number): Range[] {
  const count = Math.ceil(bytes / partBytes)
  return Array.from({ length: count }, (_, index) => ({
    number: index + 1,
    start: index * partBytes,
    end: Math.min(bytes, (index + 1) * partBytes),
  }))
}

/** Copies a range of a file to `to`, and describes it. */
export async function cutPart(file: Source, range: Range, to: string): Promise<Part> {
  await pipeline(createReadStream(file.source, { start: range.start, end: range.end - 1 }), createWriteStream(to))
  return { name: `${objectName(file.digest)}.part${range.number}`, ...(await digestFile(to)) }
}

export async function parseManifest(path: string): Promise<Manifest> {
  return manifestSchema.parse(JSON.parse(await readFile(path, 'utf8')))
}

/** Fetches the parts one after the other and appends each to `to`. Returns whether all were there, unchanged. */
export async function joinParts(
  manifest: Manifest,
  folder: string,
  to: string,
  fetchAsset: (name: string, path: string) => Promise<boolean>,
): Promise<boolean> {
  for (const part of manifest.parts) {
    const path = join(folder, 'part')
    if (!(await fetchAsset(part.name, path))) return false
    await pipeline(createReadStream(path), createWriteStream(to, { flags: 'a' }))
    await rm(path)
  }
  return true
}
