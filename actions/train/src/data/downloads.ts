import { createHash } from 'node:crypto'
import { chmod, mkdir, mkdtemp, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Digest } from '@headgate/core'
import { digestOfTree, digestSchema, OutsideError } from '@headgate/core'
import { confine, digestFile, digestTree, writeAtomically } from '@headgate/files'
import { download } from '@headgate/systems/http'
import { z } from 'zod'
import { type Allowance, openAllowance, tooMuch } from './allowance.ts'
import { isCredential } from './credentials.ts'
import type { Absent, DataPlace, Part, Source } from './source.ts'

/** Follows from address and state, and not from the signature that an address has today. */
export function folderOf(downloads: string, address: string, digest: Digest): string {
  const url = URL.parse(address)
  for (const name of [...(url?.searchParams.keys() ?? [])]) if (isCredential(name)) url?.searchParams.delete(name)
  const lasting = url === null || url.protocol === 's3:' ? address : `${url.origin}${url.pathname}${url.search}`
  return join(downloads, createHash('sha256').update(`${lasting}\n${digest}`).digest('hex').slice(0, 32))
}

type Download = Extract<Absent, { kind: 'download' }>

/** What is known of a folder of the downloads: the digest of its file, or of its tree. */
const recordSchema = z.object({ digest: digestSchema })

/** The digest of what was downloaded before, if it is still that; what is not is removed. */
export async function findDownloaded(source: Source, { folder }: Download): Promise<Digest | undefined> {
  const text = await readFile(`${folder}.json`, 'utf8').catch(() => undefined)
  const record = text === undefined ? undefined : recordSchema.safeParse(parseJson(text)).data
  const found = record && (await digestOfPath(source.path).catch(() => undefined))
  if (record !== undefined && found === record.digest) return found
  await rm(`${folder}.json`, { force: true })
  await rm(folder, { recursive: true, force: true })
  return undefined
}

/** Downloads all parts into a folder of their own, which then takes its place as a whole. @returns the content's digest. */
export async function fetchDownload(
  source: Source,
  absent: Download,
  allowance: Allowance,
  place: DataPlace,
): Promise<Digest> {
  return inDraft(place.downloads, async (draft) => {
    const files: { path: string; digest: Digest }[] = []
    await eachOf(absent.parts, 4, place.signal, async (part, signal) => {
      const { digest } = await fetchPart(part, draft, allowance, { ...place, signal })
      files.push({ path: part.name, digest })
    })
    const isOurs = await rename(draft, absent.folder).then(
      () => true,
      async (error: unknown) => {
        // Another process was faster.
        if ((await stat(absent.folder).catch(() => undefined)) === undefined) throw error
        return false
      },
    )
    const own = source.path === absent.folder ? digestOfTree(files) : files[0]?.digest
    const digest = isOurs && own !== undefined ? own : await digestOfPath(source.path)
    await writeAtomically(`${absent.folder}.json`, JSON.stringify({ digest }))
    return digest
  })
}

/** Downloads what has no version, whose digest therefore only its content tells. */
export async function fetchUnversioned(name: string, url: string, part: Part, place: DataPlace): Promise<Source> {
  if (part.bytes !== undefined && part.bytes > place.fetchLimit)
    throw tooMuch(place, `${name} tells no ETag, so that it must be read to know what it is.`)
  place.log.info(`${name} tells no ETag: it is read to know what it is.`)
  return inDraft(place.downloads, async (draft) => {
    const { digest } = await fetchPart(part, draft, openAllowance(place), place)
    const folder = folderOf(place.downloads, url, digest)
    await rm(folder, { recursive: true, force: true })
    await rename(draft, folder)
    return { input: { path: name, digest }, path: join(folder, part.name), url }
  })
}

async function fetchPart(
  part: Part,
  draft: string,
  allowance: Allowance,
  place: DataPlace,
): Promise<{ digest: Digest; bytes: number }> {
  const to = confine(draft, part.name)
  await mkdir(dirname(to), { recursive: true })
  const how = { facts: part, onBytes: allowance.spend, signal: place.signal, firstDelayMs: place.firstDelayMs }
  const written = await download(part.resource, to, how).catch((error: unknown) => {
    throw isFull(error) ? diskFull(part, error) : error
  })
  // The next training reads it too.
  await chmod(to, 0o444)
  return written
}

function isFull(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT'].includes((error as NodeJS.ErrnoException).code ?? '')
}

function diskFull({ resource }: Part, cause: unknown): OutsideError {
  return new OutsideError(
    {
      tried: `Downloaded ${resource.name}.`,
      state: 'The disk is full. What had come of it was removed, and nothing was trained.',
      next: 'Make room, or use a machine with a larger disk.',
    },
    { cause },
  )
}

const draftPrefix = '.draft-'
const day = 86_400_000

async function inDraft<T>(downloads: string, work: (draft: string) => Promise<T>): Promise<T> {
  await mkdir(downloads, { recursive: true })
  await sweepDrafts(downloads)
  const draft = await mkdtemp(join(downloads, draftPrefix))
  // A container may read it as another user.
  await chmod(draft, 0o755)
  try {
    return await work(draft)
  } finally {
    await rm(draft, { recursive: true, force: true })
  }
}

/** What runs that were killed left half downloaded. */
async function sweepDrafts(downloads: string): Promise<void> {
  for (const name of await readdir(downloads)) {
    if (!name.startsWith(draftPrefix)) continue
    const found = await stat(join(downloads, name)).catch(() => undefined)
    if (found && Date.now() - found.mtimeMs > day) await rm(join(downloads, name), { recursive: true, force: true })
  }
}

/** Works on several items at a time. Where one fails, the others are cancelled, and have ended when it throws. */
async function eachOf<T>(
  items: readonly T[],
  width: number,
  outer: AbortSignal,
  work: (item: T, signal: AbortSignal) => Promise<unknown>,
): Promise<void> {
  const queue = [...items]
  const stop = new AbortController()
  const signal = AbortSignal.any([outer, stop.signal])
  const worker = async (): Promise<void> => {
    for (let item = queue.shift(); item !== undefined && !signal.aborted; item = queue.shift()) await work(item, signal)
  }
  const workers = Array.from({ length: Math.min(width, items.length) }, () =>
    worker().catch((error: unknown) => stop.abort(error)),
  )
  await Promise.all(workers)
  signal.throwIfAborted()
}

async function digestOfPath(path: string): Promise<Digest> {
  const isFolder = (await stat(path)).isDirectory()
  return isFolder ? (await digestTree(path)).digest : (await digestFile(path)).digest
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
