import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { dirname } from 'node:path/posix'
import { pipeline } from 'node:stream/promises'
import { type File, OutsideError, type Problem, UserError } from '@headgate/core'
import { replaceAtomically } from '@headgate/files'
import { z } from 'zod'
import { can, demand, limitation } from './ability.ts'
import { type ArtifactRoot, fileUrl, rootOf } from './artifact-root.ts'
import { ask, type Client, serverName, transfer } from './client.ts'
import { integer, list } from './values.ts'

/** A file to upload: what it is called there, by content, and where it lies here. */
export interface Upload extends File {
  /** Path of the file on this machine. */
  readonly source: string
}

export interface UploadOptions {
  /** Whether to read every file back and compare its digest; otherwise its size in the server's listing is compared. */
  readonly isReadBack?: boolean
}

const chunkBytes = 2 ** 20
const atOnce = 4

/**
 * Uploads files below an artifact URI, each as a stream, and checks that all of them arrived. What lies there under
 * the same name is replaced.
 * @throws UserError for names that the server changes, for files that changed on the way, and where the server leaves
 *   its artifacts to its clients; OutsideError when something else arrived than was sent.
 */
export async function uploadArtifacts(
  client: Client,
  artifactUri: string,
  files: readonly Upload[],
  { isReadBack = false }: UploadOptions = {},
): Promise<void> {
  const root = rootOf(client, artifactUri)
  const { problems } = checkArtifacts(client, files)
  if (problems.length > 0) throw new UserError(problems)
  await inParallel(files, (file) => upload(client, root, file))
  if (isReadBack || !root.isListed) await inParallel(files, (file) => readBack(client, root, file))
  else await compareSizes(client, root, files)
}

async function inParallel<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const left = [...items]
  const worker = async (): Promise<void> => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await work(item)
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
}

async function upload(client: Client, root: ArtifactRoot, file: Upload): Promise<void> {
  let hash = createHash('sha256')
  async function* content(): AsyncGenerator<Uint8Array> {
    hash = createHash('sha256')
    for await (const chunk of createReadStream(file.source, { highWaterMark: chunkBytes })) {
      hash.update(chunk as Buffer)
      yield chunk as Buffer
    }
  }
  const headers = { 'content-type': 'application/octet-stream', 'content-length': String(file.bytes) }
  const url = fileUrl(root, file.path)
  const body = file.bytes === 0 ? () => '' : content
  const answer = await transfer(client, { method: 'PUT', url, headers, body }, file.bytes)
  await answer.body.dump()
  if (`sha256:${hash.digest('hex')}` !== file.digest) throw changed(file)
}

function changed({ source, path }: Upload): UserError {
  return new UserError({
    what: `changed while it was uploaded as ${path}.`,
    where: { file: source },
    fix: 'Let nothing write there, and run it again.',
  })
}

export interface CheckedArtifacts {
  /** What the server keeps as it is. */
  readonly sound: readonly Upload[]
  /** What it does not, and why. */
  readonly problems: readonly Problem[]
}

/**
 * Tells what a server would not keep by its name: it decodes names twice and takes no `#`, MLflow 2 names other letters
 * than Latin-1 in no header, and GitLab has no folders.
 */
export function checkArtifacts(client: Client, files: readonly Upload[]): CheckedArtifacts {
  const problems: Problem[] = []
  const sound = files.filter(({ path }) => {
    const problem = nameProblem(client, path)
    if (problem !== undefined) problems.push(problem)
    return problem === undefined
  })
  return { sound, problems }
}

function nameProblem(client: Client, path: string): Problem | undefined {
  const name = serverName(client)
  const parts = path.split('/')
  if (parts.length > 1 && !can(client, 'artifact-folders'))
    return {
      what: `${limitation(client, 'artifact-folders')} ${path} is in one.`,
      fix: 'Pack the folder into one file.',
    }
  if (path.includes('#') || /%[0-9a-f]{2}/i.test(path) || parts.some((part) => ['', '.', '..'].includes(part)))
    return {
      what: `${name} does not keep a file as ${JSON.stringify(path)}.`,
      fix: 'Use names without `#` and without `%` before two hexadecimal digits.',
    }
  if (client.dialect !== 'mlflow-2' || [...path].every((letter) => letter <= '\u00ff')) return undefined
  return {
    what: `${name} takes a file ${JSON.stringify(path)} and cannot give it back.`,
    fix: 'Use letters of Latin-1 in names, or MLflow 3.',
  }
}

async function compareSizes(client: Client, root: ArtifactRoot, files: readonly Upload[]): Promise<void> {
  const folders = [...new Set(files.map(({ path }) => dirname(path)))]
  const sizes = new Map<string, number>()
  for (const folder of folders)
    for (const { path, bytes, isFolder } of await listFolder(client, root, folder))
      if (!isFolder) sizes.set(path, bytes)
  for (const file of files) {
    const found = sizes.get(file.path)
    if (found !== file.bytes)
      throw differs(client, file, found === undefined ? 'has no such file' : `has ${found} bytes of it`)
  }
}

async function readBack(client: Client, root: ArtifactRoot, file: Upload): Promise<void> {
  const hash = createHash('sha256')
  const answer = await transfer(client, { method: 'GET', url: fileUrl(root, file.path) })
  let bytes = 0
  for await (const chunk of answer.body) {
    hash.update(chunk as Buffer)
    bytes += (chunk as Buffer).length
  }
  const digest = `sha256:${hash.digest('hex')}`
  if (digest !== file.digest) throw differs(client, file, `has ${bytes} bytes with the digest ${digest}`)
}

function differs(client: Client, { path, bytes, digest }: File, found: string): OutsideError {
  return new OutsideError({
    tried: `${path} (${bytes} bytes, ${digest}) was uploaded to ${client.connection.address}.`,
    state: `${serverName(client)} ${found}.`,
    next: 'Run it again: the file is replaced. If it happens again, look at the room that is left where MLflow keeps its artifacts.',
  })
}

export interface Listed {
  /** Relative to the artifact URI. */
  readonly path: string
  readonly bytes: number
  readonly isFolder: boolean
}

const listingSchema = z.object({
  // An empty file has no size there.
  files: list(z.object({ path: z.string(), is_dir: z.boolean().default(false), file_size: integer })),
})

/** All files below an artifact URI, or below a folder of it, in the order of their paths. */
export async function listArtifacts(client: Client, artifactUri: string, folder = '.'): Promise<Listed[]> {
  const root = rootOf(client, artifactUri)
  demand(client, 'artifact-folders')
  const found: Listed[] = []
  for (const open = [folder]; open.length > 0; ) {
    const entries = await listFolder(client, root, open.shift() ?? '.')
    open.push(...entries.filter(({ isFolder }) => isFolder).map(({ path }) => path))
    found.push(...entries.filter(({ isFolder }) => !isFolder))
  }
  return found.sort((a, b) => (a.path < b.path ? -1 : 1))
}

async function listFolder(client: Client, root: ArtifactRoot, folder: string): Promise<Listed[]> {
  const path = folder === '.' ? root.path : `${root.path}/${folder}`
  const { connection } = root
  const call = { method: 'GET', path: 'mlflow-artifacts/artifacts', query: { path } } as const
  const { files } = await ask({ ...client, connection }, call, listingSchema)
  const prefix = folder === '.' ? '' : `${folder}/`
  return files.map((file) => ({ path: `${prefix}${file.path}`, bytes: file.file_size, isFolder: file.is_dir }))
}

/**
 * Fetches one file as a stream, atomically, and checks its digest where that is known.
 * @throws UserError when it is not there, or has another digest; OutsideError when the connection breaks again and again.
 */
export async function downloadArtifact(
  client: Client,
  artifactUri: string,
  file: { readonly path: string; readonly digest?: string | undefined },
  to: string,
): Promise<void> {
  const root = rootOf(client, artifactUri)
  // MLflow 2 answers 500 for what is not there, which would be tried again and again.
  if (root.isListed && !(await isThere(client, root, file.path))) throw absent(client, file.path, artifactUri)
  await replaceAtomically(to, async (temporary) => {
    const digest = await fetchTo(client, fileUrl(root, file.path), temporary)
    if (file.digest === undefined || file.digest === digest) return
    throw new UserError({
      what: `${file.path} at ${client.connection.address} has the digest ${digest}, and not ${file.digest}.`,
      fix: 'Somebody replaced it: upload it again from where it is known to be right.',
    })
  })
}

async function isThere(client: Client, root: ArtifactRoot, path: string): Promise<boolean> {
  return (await listFolder(client, root, dirname(path))).some((entry) => entry.path === path && !entry.isFolder)
}

function absent(client: Client, path: string, artifactUri: string): UserError {
  return new UserError({
    what: `${serverName(client)} at ${client.connection.address} has no ${path} below ${artifactUri}.`,
  })
}

async function fetchTo(client: Client, url: URL, to: string): Promise<string> {
  for (let attempts = 1; ; attempts += 1) {
    const answer = await transfer(client, { method: 'GET', url })
    const hash = createHash('sha256')
    try {
      await pipeline(
        answer.body,
        async function* (chunks: AsyncIterable<Uint8Array>) {
          for await (const chunk of chunks) {
            hash.update(chunk)
            yield chunk
          }
        },
        createWriteStream(to),
      )
      return `sha256:${hash.digest('hex')}`
    } catch (error) {
      client.signal?.throwIfAborted()
      if (attempts > client.retries) throw broken(client, url, attempts, error as Error)
    }
  }
}

function broken(client: Client, url: URL, attempts: number, error: Error): OutsideError {
  return new OutsideError(
    {
      tried: `${decodeURIComponent(url.pathname)} was fetched from ${client.connection.address} ${attempts} times.`,
      state: `It broke off each time: ${error.message}.`,
      next: 'Run it again; nothing was kept of it.',
    },
    { cause: error },
  )
}
