import { createHash } from 'node:crypto'
import { readdir, readFile, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { createGzip } from 'node:zlib'
import { strictJson, UserError } from '@headgate/core'
import { isInside, listTree } from '@headgate/files'
import { pack } from 'tar-stream'
import { pathFrom } from '../../inputs.ts'
import type { Spec } from '../port.ts'
import { root, workTree } from './names.ts'

/** What travels to the pod, in pieces of a Secret’s size. */
export interface Packed {
  readonly parts: readonly Buffer[]
  /** What `HEADGATE_DATA` names there: URLs as they are, files where they come to lie. */
  readonly data: readonly string[]
  readonly params: string
}

/** A Secret holds 1 MiB of values, its metadata apart. */
const partBytes = 1_000_000
/** All lies in the cluster’s own database, which is small and shared. */
const longestBytes = 32_000_000
const longestRawBytes = 200_000_000

interface Entry {
  readonly name: string
  readonly from: string
}

/**
 * Packs code, local data and parameters.
 * @throws UserError where that is more than a cluster’s database should carry.
 */
export async function packTraining(spec: Spec): Promise<Packed> {
  const code = spec.files.map((path) => ({ name: `work/${path}`, from: join(spec.folder, path) }))
  const placed = await Promise.all(spec.data.map(({ location }, index) => placeData(spec.folder, location, index)))
  const entries = new Map([...code, ...placed.flatMap(({ entries: own }) => own)].map((entry) => [entry.name, entry]))
  await refuseLong([...entries.values()])
  const packed = await archive([...entries.values()], strictJson(spec.params))
  if (packed.length > longestBytes) throw tooLong(packed.length, 'packed', longestBytes)
  const count = Math.ceil(packed.length / partBytes)
  const parts = Array.from({ length: count }, (_, index) => packed.subarray(index * partBytes, (index + 1) * partBytes))
  return { parts, data: placed.map(({ there }) => there), params: `${root}/params.json` }
}

/** A digest of what is packed, for names. */
export function partsDigest(parts: readonly Buffer[]): string {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest('hex')
}

async function placeData(
  folder: string,
  location: string,
  index: number,
): Promise<{ there: string; entries: Entry[] }> {
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(location)) return { there: location, entries: [] }
  const isOurs = isInside(folder, location)
  const name = isOurs ? `work/${pathFrom(folder, location)}` : `data/${index}/${basename(location)}`
  const there = isOurs ? `${workTree}/${pathFrom(folder, location)}` : `${root}/${name}`
  if (!(await stat(location)).isDirectory()) return { there, entries: [{ name, from: location }] }
  const files = (await readdir(location)).length === 0 ? [] : await listTree(location)
  return { there, entries: files.map((path) => ({ name: `${name}/${path}`, from: join(location, path) })) }
}

async function refuseLong(entries: readonly Entry[]): Promise<void> {
  let bytes = 0
  for (const { from } of entries) bytes += (await stat(from)).size
  if (bytes > longestRawBytes) throw tooLong(bytes, 'together', longestRawBytes)
}

function tooLong(bytes: number, how: string, most: number): UserError {
  const megabytes = (count: number): string => `${Math.round(count / 1e6)} MB`
  return new UserError({
    what: `code and local data have ${megabytes(bytes)} ${how}; at most ${megabytes(most)} travel to a pod.`,
    fix: 'Name data by a URL that the pod can read (`data: s3://…`), name the code’s files by `code`, or put what is large into the image.',
  })
}

/** The same files make the same bytes. */
async function archive(entries: readonly Entry[], params: string): Promise<Buffer> {
  const tar = pack()
  const gzip = createGzip()
  const packed = buffer(tar.pipe(gzip))
  const fill = async (): Promise<void> => {
    tar.entry({ name: 'params.json', mode: 0o644, mtime: new Date(0) }, params)
    for (const { name, from } of entries) {
      const content = await readFile(from)
      const mode = (await stat(from)).mode & 0o111 ? 0o755 : 0o644
      tar.entry({ name, mode, mtime: new Date(0) }, content)
    }
    tar.finalize()
  }
  await fill().catch((error: unknown) => gzip.destroy(error as Error))
  return packed
}
