import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { refuseAsGitea } from './gitea/refusal.ts'
import { giteaAttachments, giteaRoutes } from './gitea/routes.ts'
import { refuseAsGitHub } from './github/refusal.ts'
import { githubRoutes, graphqlRoutes, storageRoutes, uploadRoutes } from './github/routes.ts'
import { type Answer, type Asked, match, type Route } from './route.ts'
import type { ForgeTwin } from './twin.ts'

/** Whose description holds a request; `links` are addresses that only an answer names. */
export type Api = 'github' | 'uploads' | 'graphql' | 'gitea' | 'links'

export interface Call {
  readonly method: string
  /** With its query. */
  readonly path: string
  /** The JSON that was sent. */
  readonly body: unknown
  readonly api: Api
  /** The path below the API's address. */
  readonly below: string
  readonly url: URL
  readonly contentType: string
  readonly bytes: Buffer
  /** Missing while there is none. */
  answer?: Answer
}

export interface Fault {
  readonly status: number
  readonly message?: string
  /** Instead of what the forge says of that status. */
  readonly body?: unknown
  readonly method?: string
  readonly path?: RegExp
  readonly headers?: Readonly<Record<string, string>>
  /** The request has its effect; only its answer is lost. */
  readonly isLate?: boolean
  /** How often; for ever without. */
  times?: number
}

interface Mount {
  readonly prefix: string
  readonly api: Api
  readonly routes: readonly Route[]
}

/** Where each API lies: GitHub's at the root, as github.com has it, and below `/api`, as Enterprise Server has it. */
function mountsOf(twin: ForgeTwin): Mount[] {
  const github = githubRoutes(twin)
  const uploads = uploadRoutes(twin)
  const graphql = graphqlRoutes(twin)
  return [
    { prefix: '/api/v1', api: 'gitea', routes: giteaRoutes(twin) },
    { prefix: '/attachments', api: 'links', routes: giteaAttachments(twin) },
    { prefix: '/api/v3', api: 'github', routes: github },
    { prefix: '/api/uploads', api: 'uploads', routes: uploads },
    { prefix: '/uploads', api: 'uploads', routes: uploads },
    { prefix: '/api/graphql', api: 'graphql', routes: graphql },
    { prefix: '/graphql', api: 'graphql', routes: graphql },
    { prefix: '', api: 'github', routes: github },
  ]
}

/** Every route there is, each once. */
export function routesOf(twin: ForgeTwin): (Pick<Route, 'method' | 'path'> & { readonly api: Api })[] {
  const mounts = new Map(mountsOf(twin).map(({ api, routes }) => [api, routes]))
  return [...mounts].flatMap(([api, routes]) => routes.map(({ method, path }) => ({ api, method, path })))
}

interface Served {
  readonly url: string
  readonly storageUrl: string
  close(): Promise<void>
}

/** Listens on loopback until `close`. */
export async function serve(twin: ForgeTwin): Promise<Served> {
  const mounts = mountsOf(twin)
  const forge = await listen(twin, mounts)
  const storage = await listen(twin, [{ prefix: '', api: 'links', routes: storageRoutes(twin) }])
  return {
    url: forge.url,
    storageUrl: storage.url,
    close: async () => {
      await Promise.all([forge.close(), storage.close()])
    },
  }
}

async function listen(twin: ForgeTwin, mounts: readonly Mount[]): Promise<{ url: string; close(): Promise<void> }> {
  const server = createServer((request, response) => void handle(twin, mounts, request, response))
  await new Promise<void>((done) => {
    server.listen(0, '127.0.0.1', done)
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close: () => close(server) }
}

function close(server: Server): Promise<void> {
  return new Promise((done) => {
    server.closeAllConnections()
    server.close(() => done())
  })
}

async function handle(
  twin: ForgeTwin,
  mounts: readonly Mount[],
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const bytes = await read(request)
  const url = new URL(request.url ?? '/', `http://${request.headers.host}`)
  const mount = mounts.find(({ prefix }) => `${url.pathname}/`.startsWith(`${prefix}/`))
  if (mount === undefined) throw new Error('the last mount takes everything')
  const call = callOf(mount, request, url, bytes)
  twin.calls.push(call)
  await twin.before(call)
  call.answer = answerOf(twin, mount, call, request.headers.authorization !== undefined)
  send(call.answer, response)
}

async function read(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = []
  for await (const part of request) parts.push(part as Buffer)
  return Buffer.concat(parts)
}

function callOf({ prefix, api }: Mount, request: IncomingMessage, url: URL, bytes: Buffer): Call {
  const contentType = String(request.headers['content-type'] ?? '').replace(/;.*/, '')
  const isJson = contentType.endsWith('json') && bytes.length > 0
  return {
    method: request.method ?? 'GET',
    path: url.pathname + url.search,
    body: isJson ? JSON.parse(bytes.toString()) : undefined,
    api,
    below: url.pathname.slice(prefix.length),
    url,
    contentType,
    bytes,
  }
}

function answerOf(twin: ForgeTwin, mount: Mount, call: Call, isSigned: boolean): Answer {
  const refuse = mount.api === 'gitea' ? refuseAsGitea : refuseAsGitHub
  const fault = takeFault(twin.faults, call)
  if (fault === undefined || fault.isLate) {
    const isRefused = mount.api !== 'links' && !isSigned
    const answer = isRefused ? refuse(401) : (routed(mount, call, isSigned) ?? refuse(404))
    if (fault === undefined) return answer
  }
  const { status, message, headers, body } = fault
  return { ...refuse(status, message), ...(body !== undefined && { body }), ...(headers && { headers }) }
}

function takeFault(faults: Fault[], { method, url }: Call): Fault | undefined {
  const fault = faults.find((one) => (one.method ?? method) === method && (one.path ?? /^/).test(url.pathname))
  if (fault?.times === undefined) return fault
  fault.times -= 1
  if (fault.times <= 0) faults.splice(faults.indexOf(fault), 1)
  return fault
}

function routed({ prefix, routes }: Mount, { method, below, url, body, bytes }: Call, isSigned: boolean) {
  for (const route of routes) {
    const params = route.method === method ? match(route.path, below) : undefined
    if (params === undefined) continue
    const asked: Asked = {
      params,
      url,
      body: typeof body === 'object' && body !== null ? { ...body } : {},
      bytes,
      isSigned,
      api: url.origin + prefix,
    }
    return route.answer(asked)
  }
  return undefined
}

function send({ status, body, headers }: Answer, response: ServerResponse): void {
  if (body === undefined) response.writeHead(status, headers).end()
  else if (Buffer.isBuffer(body))
    response.writeHead(status, { 'content-type': 'application/octet-stream', ...headers }).end(body)
  else
    response
      .writeHead(status, { 'content-type': 'application/json; charset=utf-8', ...headers })
      .end(JSON.stringify(body))
}
