// A server of files on loopback, plain or in S3's dialect, with the faults that downloads meet.
import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Keys, unsigned } from './signature.ts'

interface WebFile {
  readonly content: Buffer
  /** With its quotes; `null`: the server tells none. Without: the MD5 of the content. */
  readonly etag?: string | null
  /** In a bucket that keeps versions. */
  readonly version?: string
}

export interface WebFault {
  readonly method?: string
  readonly path?: RegExp
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  /** Cuts the connection after so many bytes of the body. */
  readonly cutAfter?: number
  /** The length that is told, whatever comes. */
  readonly length?: number
  /** What happens on the server when the request comes. */
  readonly meanwhile?: () => void
  /** How often; for ever without. */
  times?: number
}

export interface WebTwin {
  readonly origin: string
  /** By path, as `/bucket/key` in S3's dialect. */
  readonly files: Map<string, WebFile>
  readonly calls: { readonly method: string; readonly path: string; readonly headers: IncomingMessage['headers'] }[]
  faults: WebFault[]
  /** What requests must be signed by. */
  keys: Keys | undefined
  /** Whether a part can be asked for. */
  knowsRanges: boolean
  /** Whether the length is told. */
  tellsLength: boolean
  close(): Promise<void>
}

export async function startWeb(): Promise<WebTwin> {
  const server = createServer((request, response) => serve(twin, request, response))
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const twin: WebTwin = {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    files: new Map(),
    calls: [],
    faults: [],
    keys: undefined,
    knowsRanges: true,
    tellsLength: true,
    close: () =>
      new Promise((done) => {
        server.close(() => done())
        server.closeAllConnections()
      }),
  }
  return twin
}

function serve(twin: WebTwin, request: IncomingMessage, response: ServerResponse): void {
  const [path = '', query = ''] = (request.url ?? '').split('?')
  twin.calls.push({ method: request.method ?? '', path: request.url ?? '', headers: request.headers })
  const fault = takeFault(twin, request)
  fault?.meanwhile?.()
  if (fault?.status !== undefined) return void response.writeHead(fault.status, { ...fault.headers }).end()
  const refused = twin.keys && unsigned(request, twin.keys)
  if (refused) return void response.writeHead(403).end(`<Error><Code>${refused}</Code></Error>`)
  const asked = new URLSearchParams(query)
  if (asked.has('list-type')) return void response.writeHead(200).end(listing(twin, decodeURIComponent(path), asked))
  const file = twin.files.get(decodeURIComponent(path))
  const version = asked.get('versionId')
  if (!file || (version !== null && version !== file.version)) return void response.writeHead(404).end()
  send(twin, file, fault, request, response)
}

function takeFault(twin: WebTwin, request: IncomingMessage): WebFault | undefined {
  const found = twin.faults.find(
    ({ method, path, times }) =>
      times !== 0 && (method ?? request.method) === request.method && (path?.test(request.url ?? '') ?? true),
  )
  if (found?.times !== undefined) found.times -= 1
  return found
}

function send(
  twin: WebTwin,
  file: WebFile,
  fault: WebFault | undefined,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const etag = etagOf(file)
  const wanted = request.headers['if-match']
  if (wanted !== undefined && wanted !== etag) return void response.writeHead(412).end()
  const from = twin.knowsRanges
    ? Number(/^bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? Number.NaN)
    : Number.NaN
  const end = Number(/-(\d+)$/.exec(request.headers.range ?? '')?.[1] ?? file.content.length - 1) + 1
  const isPart = !Number.isNaN(from)
  const body = isPart ? file.content.subarray(from, end) : file.content
  if (etag !== null) response.setHeader('etag', etag)
  if (file.version !== undefined) response.setHeader('x-amz-version-id', file.version)
  if (isPart) response.setHeader('content-range', `bytes ${from}-${end - 1}/${file.content.length}`)
  if (twin.tellsLength) response.setHeader('content-length', fault?.length ?? body.length)
  response.writeHead(isPart ? 206 : 200, { ...fault?.headers })
  if (request.method === 'HEAD') return void response.end()
  if (fault?.cutAfter === undefined) return void response.end(body)
  // Ended, not destroyed: what was sent before arrives.
  response.write(body.subarray(0, fault.cutAfter), () => response.socket?.end())
}

function etagOf({ content, etag }: WebFile): string | null {
  return etag === undefined ? `"${createHash('md5').update(content).digest('hex')}"` : etag
}

const pageSize = 2

/** ListObjectsV2 in pages, as S3 writes them with `encoding-type=url`. */
function listing(twin: WebTwin, bucket: string, asked: URLSearchParams): string {
  const prefix = `${bucket}${asked.get('prefix') ?? ''}`
  const paths = [...twin.files.keys()].filter((path) => path.startsWith(prefix)).sort()
  const from = Number(asked.get('continuation-token') ?? 0)
  const entries = paths.slice(from, from + pageSize).map((path) => {
    const file = twin.files.get(path) as WebFile
    const key = encodeURIComponent(path.slice(bucket.length)).replaceAll('%2F', '/').replaceAll('%20', '+')
    const etag = etagOf(file)?.replaceAll('"', '&quot;')
    return `<Contents><Key>${key}</Key><ETag>${etag}</ETag><Size>${file.content.length}</Size></Contents>`
  })
  const isMore = from + pageSize < paths.length
  const next = isMore ? `<NextContinuationToken>${from + pageSize}</NextContinuationToken>` : ''
  const head = `<?xml version="1.0" encoding="UTF-8"?><ListBucketResult><IsTruncated>${isMore}</IsTruncated>`
  return `${head}${next}${entries.join('')}</ListBucketResult>`
}
