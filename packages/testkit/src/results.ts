// A Results service (artifacts v4 and cache v2) on loopback, for the real @actions/artifact and @actions/cache clients.
import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Results {
  readonly url: string
  readonly token: string
  readonly artifacts: Map<string, Buffer>
  readonly caches: Map<string, Buffer>
  readonly calls: string[]
  close(): Promise<void>
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = []
  for await (const part of request) parts.push(part as Buffer)
  return Buffer.concat(parts)
}

const jwt = (payload: unknown): string =>
  ['{"alg":"none"}', JSON.stringify(payload), 'x'].map((part) => Buffer.from(part).toString('base64url')).join('.')

export async function startResults(port = 0): Promise<Results> {
  const blocks = new Map<string, Buffer>() // staged by blob and block id
  const blobs = new Map<string, Buffer>()
  const artifacts = new Map<string, Buffer>()
  const caches = new Map<string, Buffer>()
  const calls: string[] = []
  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? '/', 'http://127.0.0.1')
    const body = await bodyOf(request)
    calls.push(
      `${request.method} ${url.pathname}${url.searchParams.get('comp') ? `?comp=${url.searchParams.get('comp')}` : ''}`,
    )
    const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const json = (value: unknown, status = 200): void => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))
    }
    if (url.pathname.startsWith('/blob/')) {
      const name = decodeURIComponent(url.pathname.slice('/blob/'.length))
      if (request.method === 'PUT') {
        const comp = url.searchParams.get('comp')
        if (comp === 'block') blocks.set(`${name}\n${url.searchParams.get('blockid')}`, body)
        else if (comp === 'blocklist') {
          const ids = [...body.toString().matchAll(/<Latest>([^<]+)<\/Latest>/g)].map((match) => match[1])
          blobs.set(name, Buffer.concat(ids.map((id) => blocks.get(`${name}\n${id}`) ?? Buffer.alloc(0))))
        } else blobs.set(name, body)
        response
          .writeHead(201, {
            etag: '"0x1"',
            'last-modified': new Date(0).toUTCString(),
            'x-ms-request-id': '1',
            'x-ms-version': '2025-01-05',
          })
          .end()
        return
      }
      const blob = blobs.get(name)
      if (blob === undefined) {
        response.writeHead(404).end()
        return
      }
      const range = /bytes=(\d+)-(\d*)/.exec(String(request.headers['x-ms-range'] ?? request.headers.range ?? ''))
      const from = range ? Number(range[1]) : 0
      const to = range?.[2] ? Math.min(Number(range[2]), blob.length - 1) : blob.length - 1
      response.writeHead(range ? 206 : 200, {
        'content-type': 'application/zip',
        'content-length': to - from + 1,
        etag: '"0x1"',
        'last-modified': new Date(0).toUTCString(),
        'accept-ranges': 'bytes',
        'x-ms-blob-type': 'BlockBlob',
        ...(range ? { 'content-range': `bytes ${from}-${to}/${blob.length}` } : {}),
      })
      response.end(request.method === 'HEAD' ? undefined : blob.subarray(from, to + 1))
      return
    }
    const method = url.pathname.split('/').at(-1)
    const ask = body.length > 0 ? JSON.parse(body.toString()) : {}
    const signed = (kind: string, key: string): string =>
      `${base}/blob/${encodeURIComponent(`${kind}/${key}`)}?sig=${'0'.repeat(43)}`
    const id = (name: string): string => String([...artifacts.keys()].indexOf(name) + 1)
    switch (method) {
      case 'CreateArtifact':
        if (artifacts.has(ask.name))
          return json({ code: 'already_exists', msg: 'an artifact with this name already exists' }, 409)
        return json({ ok: true, signed_upload_url: signed('artifact', ask.name) })
      case 'FinalizeArtifact': {
        const blob = blobs.get(`artifact/${ask.name}`) ?? Buffer.alloc(0)
        if (ask.hash && ask.hash !== `sha256:${createHash('sha256').update(blob).digest('hex')}`)
          return json({ msg: 'digest' }, 400)
        artifacts.set(ask.name, blob)
        return json({ ok: true, artifact_id: id(ask.name) })
      }
      case 'ListArtifacts':
        return json({
          artifacts: [...artifacts]
            .filter(
              ([name]) =>
                (!ask.name_filter || ask.name_filter === name) && (!ask.id_filter || ask.id_filter === id(name)),
            )
            .map(([name, blob]) => ({
              workflow_run_backend_id: 'run',
              workflow_job_run_backend_id: 'job',
              database_id: id(name),
              name,
              size: String(blob.length),
              created_at: new Date(0).toISOString(),
              digest: `sha256:${createHash('sha256').update(blob).digest('hex')}`,
            })),
        })
      case 'GetSignedArtifactURL':
        return json({ signed_url: signed('artifact', ask.name) })
      case 'DeleteArtifact':
        return json({ ok: artifacts.delete(ask.name), artifact_id: '1' })
      case 'CreateCacheEntry': {
        const key = `${ask.key}-${ask.version}`
        if (caches.has(key)) return json({ ok: false, message: 'exists' })
        return json({ ok: true, signed_upload_url: signed('cache', key) })
      }
      case 'FinalizeCacheEntryUpload': {
        const key = `${ask.key}-${ask.version}`
        caches.set(key, blobs.get(`cache/${key}`) ?? Buffer.alloc(0))
        return json({ ok: true, entry_id: String(caches.size) })
      }
      case 'GetCacheEntryDownloadURL': {
        const wanted: string[] = [ask.key, ...(ask.restore_keys ?? [])]
        for (const prefix of wanted) {
          const found = [...caches.keys()].filter((key) => key.startsWith(prefix) && key.endsWith(ask.version)).at(-1)
          if (found)
            return json({
              ok: true,
              signed_download_url: signed('cache', found),
              matched_key: found.slice(0, -(ask.version.length + 1)),
            })
        }
        return json({ ok: false, signed_download_url: '', matched_key: '' })
      }
      default:
        return json({ msg: `unknown ${url.pathname}` }, 404)
    }
  })
  await new Promise<void>((done) => server.listen(port, '127.0.0.1', done))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    token: jwt({ scp: 'Actions.Results:run:job', exp: 4102444800 }),
    artifacts,
    caches,
    calls,
    close: () =>
      new Promise((done) => {
        server.closeAllConnections()
        server.close(() => done())
      }),
  }
}
