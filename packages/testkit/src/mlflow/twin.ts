// A tracking server on loopback: MLflow 3, MLflow 2 or GitLab's emulation, as far as a training needs it, with faults.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { answerOf, type MlflowAnswer } from './routes.ts'
import { type MlflowState, newState, type TwinDialect } from './state.ts'

export interface MlflowFault {
  readonly method?: string
  readonly path?: RegExp
  /** The answer; without one the connection is cut. */
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** Answers before the request's body has come. */
  readonly isEarly?: boolean
  /** Does what was asked, and then fails. */
  readonly isAfter?: boolean
  /** How often; for ever without. */
  times?: number
}

export interface MlflowTwin extends MlflowState {
  readonly calls: { readonly method: string; readonly path: string; readonly body: Record<string, unknown> }[]
  /** What goes wrong, in this order; the last one may stand for ever. */
  faults: MlflowFault[]
  /** Called after each answer: a test kills its client here. */
  onCall: (call: string) => void
  /** The `Authorization` that is wanted; none without. */
  authorization: string | undefined
  close(): Promise<void>
}

const versions: Readonly<Record<TwinDialect, string>> = { 3: '3.17.2', 2: '2.22.5', gitlab: '' }

export async function startMlflow(dialect: TwinDialect = '3'): Promise<MlflowTwin> {
  const extra = {
    calls: [] as MlflowTwin['calls'],
    faults: [] as MlflowFault[],
    onCall: (): void => undefined,
    authorization: undefined,
  }
  const twin = Object.assign(newState(dialect), extra) as Omit<MlflowTwin, 'close'>
  const server = createServer(
    (request, response) => void serve(twin, request, response).catch(() => response.destroy()),
  )
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  twin.url = dialect === 'gitlab' ? `${origin}/api/v4/projects/7/ml/mlflow` : origin
  const close = (): Promise<void> =>
    new Promise((done) => {
      server.close(() => done())
      server.closeAllConnections()
    })
  return Object.assign(twin, { close })
}

async function serve(
  twin: Omit<MlflowTwin, 'close'>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = new URL(request.url ?? '/', twin.url)
  const method = request.method ?? 'GET'
  const path = decodeURIComponent(url.pathname)
  const fault = takeFault(twin.faults, method, path)
  if (fault?.isEarly) return fail(fault, response)
  const raw = await read(request)
  const isJson = String(request.headers['content-type'] ?? '').includes('json')
  const body = isJson && raw.length > 0 ? (JSON.parse(raw.toString()) as Record<string, unknown>) : {}
  twin.calls.push({ method, path, body })
  if (fault && !fault.isAfter) return fail(fault, response)
  const given = respond(twin, request, { method, path, query: url.searchParams, body, raw })
  if (fault) return fail(fault, response)
  const [status, answer] = given
  const isText = typeof answer === 'string'
  const type = Buffer.isBuffer(answer) ? 'application/octet-stream' : isText ? 'text/html' : 'application/json'
  response
    .writeHead(status, { 'content-type': type })
    .end(isText || Buffer.isBuffer(answer) ? answer : JSON.stringify(answer))
  response.once('close', () => twin.onCall(`${method} ${path}`))
}

function respond(
  twin: Omit<MlflowTwin, 'close'>,
  request: IncomingMessage,
  {
    method,
    path,
    ...rest
  }: { method: string; path: string; query: URLSearchParams; body: Record<string, unknown>; raw: Buffer },
): MlflowAnswer {
  if (twin.authorization !== undefined && request.headers.authorization !== twin.authorization)
    return twin.dialect === 'gitlab' ? [401, { message: '401 Unauthorized' }] : [401, 'You are not authenticated.']
  const prefix = new URL(twin.url).pathname.replace(/\/$/, '')
  if (path === '/version' && twin.dialect !== 'gitlab') return [200, versions[twin.dialect]]
  const [, inner] = path.startsWith(`${prefix}/api/2.0/`) ? path.split(`${prefix}/api/2.0/`) : []
  if (inner !== undefined) return answerOf(twin, { method, path: inner, ...rest })
  if (twin.dialect !== 'gitlab' || !path.includes('/packages/ml_models/')) return [404, '<!doctype html>']
  if (method === 'PUT') twin.artifacts.set(path, rest.raw)
  const found = twin.artifacts.get(path)
  return found === undefined ? [404, { message: '404 Not Found' }] : method === 'PUT' ? [201, {}] : [200, found]
}

function fail({ status, headers, body = '' }: MlflowFault, response: ServerResponse): void {
  if (status === undefined) response.destroy()
  else response.writeHead(status, { 'content-type': 'text/html', ...headers }).end(body)
}

function takeFault(faults: MlflowFault[], method: string, path: string): MlflowFault | undefined {
  const fault = faults.find((one) => (one.method ?? method) === method && (one.path ?? /^/).test(path))
  if (fault?.times === undefined) return fault
  fault.times -= 1
  if (fault.times <= 0) faults.splice(faults.indexOf(fault), 1)
  return fault
}

async function read(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = []
  for await (const part of request) parts.push(part as Buffer)
  return Buffer.concat(parts)
}
