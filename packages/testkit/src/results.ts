// A Results service (artifacts v4 and cache v2) on loopback, for the real @actions/artifact and @actions/cache clients.
import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Results {
  readonly url: string
  readonly token: string
  readonly artifacts: Map<string, Buffer>
  readonly caches: Map<string, Buffer>
  readonly calls: string[]
  close(): Promise<void>
}

/** What the service holds. */
interface Shelves {
  /** Staged by blob and block id. */
  readonly blocks: Map<string, Buffer>
  readonly blobs: Map<string, Buffer>
  readonly artifacts: Map<string, Buffer>
  readonly caches: Map<string, Buffer>
}

interface Asked {
  readonly name: string
  readonly hash?: string
  readonly name_filter?: string
  readonly id_filter?: string
  readonly key: string
  readonly version: string
  readonly restore_keys?: readonly string[]
}

interface Answer {
  readonly status?: number
  readonly body: object
}

/** Answers a call by its method's name. `sign` makes the address at which a blob is put and got. */
type Method = (asked: Asked, shelves: Shelves, sign: (kind: string, key: string) => string) => Answer

/** Starts the service on a free port, or on the given one. */
export async function startResults(port = 0): Promise<Results> {
  const shelves: Shelves = { blocks: new Map(), blobs: new Map(), artifacts: new Map(), caches: new Map() }
  const calls: string[] = []
  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? '/', `http://127.0.0.1:${portOf(server)}`)
    const body = await bodyOf(request)
    const part = url.searchParams.get('comp')
    calls.push(`${request.method} ${url.pathname}${part ? `?comp=${part}` : ''}`)
    if (!url.pathname.startsWith('/blob/')) answerCall(url, body, shelves, response)
    else if (request.method === 'PUT') putBlob(url, body, shelves, response)
    else getBlob(url, request, shelves, response)
  })
  await new Promise<void>((done) => server.listen(port, '127.0.0.1', done))
  return {
    url: `http://127.0.0.1:${portOf(server)}/`,
    token: jwt({ scp: 'Actions.Results:run:job', exp: 4102444800 }),
    artifacts: shelves.artifacts,
    caches: shelves.caches,
    calls,
    close: () =>
      new Promise((done) => {
        server.closeAllConnections()
        server.close(() => done())
      }),
  }
}

function portOf(server: ReturnType<typeof createServer>): number {
  return (server.address() as AddressInfo).port
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = []
  for await (const part of request) parts.push(part as Buffer)
  return Buffer.concat(parts)
}

function jwt(payload: unknown): string {
  const parts = ['{"alg":"none"}', JSON.stringify(payload), 'x']
  return parts.map((part) => Buffer.from(part).toString('base64url')).join('.')
}

/** What Azure's clients ask of every answer about a blob. */
const stamp = { etag: '"0x1"', 'last-modified': new Date(0).toUTCString() }

function blobName(url: URL): string {
  return decodeURIComponent(url.pathname.slice('/blob/'.length))
}

/** Puts a blob at once, or one of its blocks, or the list that makes a blob of them. */
function putBlob(url: URL, body: Buffer, { blocks, blobs }: Shelves, response: ServerResponse): void {
  const name = blobName(url)
  const part = url.searchParams.get('comp')
  if (part === 'block') blocks.set(`${name}\n${url.searchParams.get('blockid')}`, body)
  else if (part === 'blocklist') {
    const ids = [...body.toString().matchAll(/<Latest>([^<]+)<\/Latest>/g)].map((match) => match[1])
    blobs.set(name, Buffer.concat(ids.map((id) => blocks.get(`${name}\n${id}`) ?? Buffer.alloc(0))))
  } else blobs.set(name, body)
  response.writeHead(201, { ...stamp, 'x-ms-request-id': '1', 'x-ms-version': '2025-01-05' }).end()
}

/** Gets a blob, or a range of it. */
function getBlob(url: URL, { method, headers }: IncomingMessage, { blobs }: Shelves, response: ServerResponse): void {
  const blob = blobs.get(blobName(url))
  if (blob === undefined) {
    response.writeHead(404).end()
    return
  }
  const range = /bytes=(\d+)-(\d*)/.exec(String(headers['x-ms-range'] ?? headers.range ?? ''))
  const from = range ? Number(range[1]) : 0
  const to = range?.[2] ? Math.min(Number(range[2]), blob.length - 1) : blob.length - 1
  response.writeHead(range ? 206 : 200, {
    ...stamp,
    'content-type': 'application/zip',
    'content-length': to - from + 1,
    'accept-ranges': 'bytes',
    'x-ms-blob-type': 'BlockBlob',
    ...(range ? { 'content-range': `bytes ${from}-${to}/${blob.length}` } : {}),
  })
  response.end(method === 'HEAD' ? undefined : blob.subarray(from, to + 1))
}

function answerCall(url: URL, body: Buffer, shelves: Shelves, response: ServerResponse): void {
  const method = methods[url.pathname.split('/').at(-1) ?? '']
  const asked = body.length > 0 ? JSON.parse(body.toString()) : {}
  const sign = (kind: string, key: string): string =>
    `${url.origin}/blob/${encodeURIComponent(`${kind}/${key}`)}?sig=${'0'.repeat(43)}`
  const answer = method?.(asked, shelves, sign) ?? { status: 404, body: { msg: `unknown ${url.pathname}` } }
  response.writeHead(answer.status ?? 200, { 'content-type': 'application/json' }).end(JSON.stringify(answer.body))
}

const methods: Readonly<Record<string, Method>> = {
  CreateArtifact: ({ name }, { artifacts }, sign) =>
    artifacts.has(name)
      ? { status: 409, body: { code: 'already_exists', msg: 'an artifact with this name already exists' } }
      : { body: { ok: true, signed_upload_url: sign('artifact', name) } },
  FinalizeArtifact: ({ name, hash }, { artifacts, blobs }) => {
    const blob = blobs.get(`artifact/${name}`) ?? Buffer.alloc(0)
    if (hash && hash !== digestOf(blob)) return { status: 400, body: { msg: 'digest' } }
    artifacts.set(name, blob)
    return { body: { ok: true, artifact_id: idOf(name, artifacts) } }
  },
  ListArtifacts: ({ name_filter: name, id_filter: id }, { artifacts }) => {
    const listed = [...artifacts.keys()].filter(
      (one) => (!name || name === one) && (!id || id === idOf(one, artifacts)),
    )
    return { body: { artifacts: listed.map((one) => describe(one, artifacts)) } }
  },
  GetSignedArtifactURL: ({ name }, _shelves, sign) => ({ body: { signed_url: sign('artifact', name) } }),
  DeleteArtifact: ({ name }, { artifacts }) => ({ body: { ok: artifacts.delete(name), artifact_id: '1' } }),
  CreateCacheEntry: ({ key, version }, { caches }, sign) =>
    caches.has(`${key}-${version}`)
      ? { body: { ok: false, message: 'exists' } }
      : { body: { ok: true, signed_upload_url: sign('cache', `${key}-${version}`) } },
  FinalizeCacheEntryUpload: ({ key, version }, { caches, blobs }) => {
    caches.set(`${key}-${version}`, blobs.get(`cache/${key}-${version}`) ?? Buffer.alloc(0))
    return { body: { ok: true, entry_id: String(caches.size) } }
  },
  GetCacheEntryDownloadURL: ({ key, version, restore_keys = [] }, { caches }, sign) => {
    const newestFirst = [...caches.keys()].reverse().filter((one) => one.endsWith(version))
    const found = [key, ...restore_keys]
      .map((prefix) => newestFirst.find((one) => one.startsWith(prefix)))
      .find((one) => one !== undefined)
    if (found === undefined) return { body: { ok: false, signed_download_url: '', matched_key: '' } }
    const matched = found.slice(0, -(version.length + 1))
    return { body: { ok: true, signed_download_url: sign('cache', found), matched_key: matched } }
  },
}

/** The service counts its artifacts. */
function idOf(name: string, artifacts: Shelves['artifacts']): string {
  return String([...artifacts.keys()].indexOf(name) + 1)
}

function digestOf(blob: Buffer): string {
  return `sha256:${createHash('sha256').update(blob).digest('hex')}`
}

function describe(name: string, artifacts: Shelves['artifacts']): object {
  const blob = artifacts.get(name) ?? Buffer.alloc(0)
  return {
    workflow_run_backend_id: 'run',
    workflow_job_run_backend_id: 'job',
    database_id: idOf(name, artifacts),
    name,
    size: String(blob.length),
    created_at: new Date(0).toISOString(),
    digest: digestOf(blob),
  }
}
