/**
 * The front: listens on the public port and passes each request on to the version that is served now.
 * Started as a process of its own: `front FOLDER HOST PORT`. It imports nothing of this project, since it keeps
 * running while the work tree changes under it.
 */
import { randomBytes } from 'node:crypto'
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Socket } from 'node:net'
import { join } from 'node:path'
import { createProxyServer } from 'httpxy'

const [folder = '', host = '127.0.0.1', port = '0'] = process.argv.slice(2)
const token = randomBytes(24).toString('hex')
const inFlight = new Map<number, number>()
let backend = readBackend()

function readBackend(): number | undefined {
  try {
    const state = JSON.parse(readFileSync(join(folder, 'state.json'), 'utf8')) as { serving: { port: number } | null }
    return state.serving?.port
  } catch {
    return undefined
  }
}

function enter(to: number, exchange: { once(event: 'close', listener: () => void): unknown }): void {
  inFlight.set(to, (inFlight.get(to) ?? 0) + 1)
  exchange.once('close', () => inFlight.set(to, (inFlight.get(to) ?? 1) - 1))
}

// A connection of its own per request: a kept one could be closed by the version just when a request is sent on it.
const proxy = createProxyServer({ xfwd: true, ws: true })
proxy.on('error', (_error, _request, response) => {
  if (response instanceof Socket) response.destroy()
  else if (response) refuse(response as ServerResponse, 502, 'the model that is served did not answer')
})

function refuse(response: ServerResponse, status: number, error: string): void {
  if (response.headersSent) {
    response.destroy()
    return
  }
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(`${JSON.stringify({ error })}\n`)
}

const server = createServer((request, response) => {
  const to = backend
  if (to === undefined) {
    refuse(response, 503, 'no model is served')
    return
  }
  enter(to, response)
  void proxy.web(request, response, { target: `http://127.0.0.1:${to}` }).catch(() => response.destroy())
})
server.on('upgrade', (request, socket, head) => {
  const to = backend
  if (to === undefined) {
    socket.destroy()
    return
  }
  enter(to, socket)
  void proxy.ws(request, socket as Socket, { target: `http://127.0.0.1:${to}` }, head).catch(() => socket.destroy())
})

/** For the deployment only: `POST /switch` reads the state anew, and every answer says what goes where. */
const control = createServer((request: IncomingMessage, response: ServerResponse) => {
  if (request.headers.authorization !== `Bearer ${token}`) {
    refuse(response, 403, 'not yours')
    return
  }
  if (request.method === 'POST' && request.url === '/switch') backend = readBackend()
  response.writeHead(200, { 'content-type': 'application/json' })
  response.end(JSON.stringify({ backend: backend ?? null, inFlight: Object.fromEntries(inFlight) }))
})

server.listen(Number(port), host, () => {
  control.listen(0, '127.0.0.1', () => {
    const address = control.address() as AddressInfo
    const file = join(folder, 'front.json')
    const known = { host, port: Number(port), control: address.port, token, pid: process.pid }
    writeFileSync(`${file}.partial`, JSON.stringify(known), { mode: 0o600 })
    renameSync(`${file}.partial`, file)
  })
})
server.once('error', (error) => {
  console.error(`The front cannot listen on ${host}:${port}: ${error.message}`)
  process.exit(1)
})
process.once('SIGTERM', () => {
  control.close()
  server.close(() => process.exit(0))
  server.closeIdleConnections()
})
