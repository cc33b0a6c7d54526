// A stateful forge on loopback: comments with paging, checks, statuses, releases with assets, dispatches, and faults.
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Call {
  readonly method: string
  readonly path: string
  readonly body: unknown
}

export interface TwinComment {
  readonly id: number
  readonly issue: number
  body: string
  readonly user: { readonly login: string }
}

export interface ForgeTwin {
  readonly url: string
  readonly calls: Call[]
  readonly comments: TwinComment[]
  readonly checks: Record<string, unknown>[]
  readonly statuses: Record<string, unknown>[]
  readonly releases: Record<string, unknown>[]
  readonly assets: Map<number, { name: string; bytes: Buffer }>
  readonly dispatches: { workflow: string; body: Record<string, unknown> }[]
  /** Answers given instead of the usual ones, in order; the last one may stand for ever. */
  faults: Fault[]
  close(): Promise<void>
}

export interface Fault {
  readonly status: number
  readonly method?: string
  readonly path?: RegExp
  readonly headers?: Readonly<Record<string, string>>
  /** How often; for ever without. */
  times?: number
}

interface Request {
  readonly match: RegExpExecArray
  readonly body: Record<string, unknown>
  readonly query: URLSearchParams
  readonly raw: Buffer
}
type Answer = readonly [status: number, body: unknown]
type Handler = (request: Request) => Answer

const repository = `^/(?:api/v1/)?repos/[^/]+/[^/]+`

export async function startForge(login = 'github-actions[bot]'): Promise<ForgeTwin> {
  const state = {
    calls: [] as Call[],
    comments: [] as TwinComment[],
    checks: [] as Record<string, unknown>[],
    statuses: [] as Record<string, unknown>[],
    releases: [] as Record<string, unknown>[],
    assets: new Map<number, { name: string; bytes: Buffer }>(),
    dispatches: [] as { workflow: string; body: Record<string, unknown> }[],
    faults: [] as Fault[],
    url: '',
  }
  const routes = routesOf(state, login)
  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? '/', 'http://127.0.0.1')
    const raw = await read(request)
    const isJson = String(request.headers['content-type'] ?? '').includes('json')
    const body = isJson && raw.length > 0 ? (JSON.parse(raw.toString()) as Record<string, unknown>) : {}
    const method = request.method ?? 'GET'
    state.calls.push({ method, path: url.pathname + url.search, body })
    const fault = takeFault(state.faults, method, url.pathname)
    if (fault) {
      response
        .writeHead(fault.status, { 'content-type': 'application/json', ...fault.headers })
        .end('{"message":"fault"}')
      return
    }
    const [status, given] = answerOf(routes, method, url, body, raw)
    const answer = given instanceof Page ? given.items : given
    if (given instanceof Page && given.hasNext) response.setHeader('link', `<${nextPage(state.url, url)}>; rel="next"`)
    if (Buffer.isBuffer(answer)) response.writeHead(status, { 'content-type': 'application/octet-stream' }).end(answer)
    else if (answer === undefined) response.writeHead(status).end()
    else response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' }).end(JSON.stringify(answer))
  })
  await new Promise<void>((done) => {
    server.listen(0, '127.0.0.1', done)
  })
  state.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const close = (): Promise<void> =>
    new Promise((done) => {
      server.closeAllConnections()
      server.close(() => done())
    })
  return Object.assign(state, { close })
}

async function read(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = []
  for await (const part of request) parts.push(part as Buffer)
  return Buffer.concat(parts)
}

function takeFault(faults: Fault[], method: string, path: string): Fault | undefined {
  const fault = faults.find((one) => (one.method ?? method) === method && (one.path ?? /^/).test(path))
  if (fault?.times === undefined) return fault
  fault.times -= 1
  if (fault.times <= 0) faults.splice(faults.indexOf(fault), 1)
  return fault
}

function answerOf(
  routes: readonly (readonly [string, RegExp, Handler])[],
  method: string,
  url: URL,
  body: Record<string, unknown>,
  raw: Buffer,
): Answer {
  for (const [verb, pattern, handler] of routes) {
    const match = pattern.exec(decodeURIComponent(url.pathname))
    if (verb === method && match) return handler({ match, body, query: url.searchParams, raw })
  }
  return [404, { message: 'Not Found' }]
}

type State = Omit<ForgeTwin, 'close'>

function routesOf(state: State, login: string): (readonly [string, RegExp, Handler])[] {
  const path = (tail: string): RegExp => new RegExp(`${repository}${tail}$`)
  return [
    ['GET', /^\/(?:api\/v1\/)?user$/, () => [200, { login }]],
    ['POST', /^\/graphql$/, () => [200, { data: { viewer: { login } } }]],
    ...commentRoutes(state, path, login),
    ...checkRoutes(state, path),
    ...releaseRoutes(state, path),
    [
      'POST',
      path('/actions/workflows/([^/]+)/dispatches'),
      ({ match, body }) => {
        state.dispatches.push({ workflow: match[1] ?? '', body })
        const id = 1000 + state.dispatches.length
        return body.return_run_details
          ? [200, { workflow_run_id: id, html_url: `${state.url}/runs/${id}` }]
          : [204, undefined]
      },
    ],
    ['GET', path('/actions/runs/(\\d+)'), () => [200, { status: 'in_progress', conclusion: null }]],
    ['GET', path('/commits/([^/]+)/pulls'), ({ match }) => [200, [{ number: 7, head: { sha: match[1] } }]]],
  ]
}

type PathOf = (tail: string) => RegExp

function commentRoutes({ comments }: State, path: PathOf, login: string): (readonly [string, RegExp, Handler])[] {
  let last = 0
  const one = (match: RegExpExecArray): TwinComment | undefined =>
    comments.find((comment) => comment.id === Number(match[1]))
  const shown = (comment: TwinComment) => ({
    ...comment,
    html_url: `https://forge.invalid/pull/${comment.issue}#issuecomment-${comment.id}`,
  })
  return [
    [
      'GET',
      path('/issues/(\\d+)/comments'),
      ({ match, query }) => [
        200,
        // Gitea's list of an issue's comments knows no pages.
        isGitea(match)
          ? comments.filter((comment) => comment.issue === Number(match[1])).map(shown)
          : page(comments.filter((comment) => comment.issue === Number(match[1])).map(shown), query),
      ],
    ],
    [
      'POST',
      path('/issues/(\\d+)/comments'),
      ({ match, body }) => {
        if (typeof body.body !== 'string' || body.body.length > 65_536) return [422, { message: 'Validation Failed' }]
        last = Math.max(last, ...comments.map((comment) => comment.id)) + 1
        const comment = { id: last, issue: Number(match[1]), body: body.body, user: { login } }
        comments.push(comment)
        return [201, shown(comment)]
      },
    ],
    [
      'PATCH',
      path('/issues/comments/(\\d+)'),
      ({ match, body }) => {
        const found = one(match)
        if (!found) return [404, { message: 'Not Found' }]
        found.body = String(body.body)
        return [200, shown(found)]
      },
    ],
    [
      'DELETE',
      path('/issues/comments/(\\d+)'),
      ({ match }) => {
        const found = one(match)
        if (found) comments.splice(comments.indexOf(found), 1)
        return [found ? 204 : 404, undefined]
      },
    ],
  ]
}

function checkRoutes({ checks, statuses }: State, path: PathOf): (readonly [string, RegExp, Handler])[] {
  return [
    [
      'GET',
      path('/commits/([^/]+)/check-runs'),
      ({ match, query }) => {
        const named = checks.filter((check) => check.head_sha === match[1] && check.name === query.get('check_name'))
        // Only the latest of a name, as is GitHub's default.
        const found = named.slice(-1)
        return [200, { total_count: found.length, check_runs: found }]
      },
    ],
    [
      'POST',
      path('/check-runs'),
      ({ body }) => {
        const check = { id: checks.length + 1, ...body }
        checks.push(check)
        return [201, check]
      },
    ],
    [
      'PATCH',
      path('/check-runs/(\\d+)'),
      ({ match, body }) => {
        const found = checks.find((check) => check.id === Number(match[1]))
        return found ? [200, Object.assign(found, body)] : [404, { message: 'Not Found' }]
      },
    ],
    [
      'GET',
      path('/statuses/(\\w+)'),
      ({ match, query }) => [200, page(statuses.filter((status) => status.sha === match[1]).toReversed(), query)],
    ],
    [
      'POST',
      path('/statuses/(\\w+)'),
      ({ match, body }) => {
        const status = { id: statuses.length + 1, sha: match[1], ...body, status: body.state }
        statuses.push(status)
        return [201, status]
      },
    ],
  ]
}

function releaseRoutes(state: State, path: PathOf): (readonly [string, RegExp, Handler])[] {
  const { releases, assets } = state
  const find = (id: unknown): Record<string, unknown> | undefined =>
    releases.find((release) => release.id === Number(id))
  const upload: Handler = ({ match, query, raw }) => {
    const release = find(match[1])
    if (!release) return [404, { message: 'Not Found' }]
    const id = 100 + assets.size
    const name = query.get('name') ?? ''
    const listed = release.assets as { id: number; name: string; size: number }[]
    if (listed.some((asset) => asset.name === name)) return [422, { message: 'already_exists' }]
    assets.set(id, { name, bytes: raw })
    const asset = { id, name, size: raw.length, browser_download_url: `${state.url}/attachments/${id}` }
    listed.push(asset)
    return [201, asset]
  }
  const download: Handler = ({ match }) => {
    const found = assets.get(Number(match[1]))
    return found ? [200, found.bytes] : [404, { message: 'Not Found' }]
  }
  const describe: Handler = ({ match }) => {
    const listed = (find(match[1])?.assets ?? []) as { id: number }[]
    const found = listed.find((asset) => asset.id === Number(match[2]))
    return found ? [200, found] : [404, { message: 'Not Found' }]
  }
  return [
    ['GET', path('/releases'), ({ query }) => [200, page(releases, query)]],
    ['GET', path('/releases/(\\d+)/assets/(\\d+)'), describe],
    ['GET', /^\/attachments\/(\d+)$/, download],
    [
      'GET',
      path('/releases/tags/(.+)'),
      ({ match }) => {
        // A draft has no tag yet, and is found in the list only.
        const found = releases.find((release) => release.tag_name === match[1] && release.draft !== true)
        return found ? [200, found] : [404, { message: 'Not Found' }]
      },
    ],
    [
      'POST',
      path('/releases'),
      ({ body }) => {
        const id = releases.length + 1
        const upload_url = `${state.url}/uploads/repos/o/r/releases/${id}/assets{?name,label}`
        const release = { id, html_url: `${state.url}/releases/${id}`, upload_url, assets: [], ...body }
        releases.push(release)
        return [201, release]
      },
    ],
    [
      'GET',
      path('/releases/(\\d+)'),
      ({ match }) => (find(match[1]) ? [200, find(match[1])] : [404, { message: 'Not Found' }]),
    ],
    ['PATCH', path('/releases/(\\d+)'), ({ match, body }) => [200, Object.assign(find(match[1]) ?? {}, body)]],
    ['POST', /^\/uploads\/repos\/[^/]+\/[^/]+\/releases\/(\d+)\/assets$/, upload],
    ['POST', path('/releases/(\\d+)/assets'), upload],
    ['GET', path('/releases/assets/(\\d+)'), download],
    [
      'DELETE',
      path('/releases/assets/(\\d+)'),
      ({ match }) => {
        const id = Number(match[1])
        for (const release of releases) {
          release.assets = (release.assets as { id: number }[]).filter((asset) => asset.id !== id)
        }
        return [assets.delete(id) ? 204 : 404, undefined]
      },
    ],
  ]
}

/** A page of a list; both forges say in a `link` header whether there is a next one. */
class Page {
  readonly items: readonly unknown[]
  readonly hasNext: boolean

  constructor(items: readonly unknown[], hasNext: boolean) {
    this.items = items
    this.hasNext = hasNext
  }
}

function page(items: readonly unknown[], query: URLSearchParams): Page {
  const size = Number(query.get('per_page') ?? query.get('limit') ?? 30)
  const from = (Number(query.get('page') ?? 1) - 1) * size
  return new Page(items.slice(from, from + size), from + size < items.length)
}

function nextPage(base: string, url: URL): string {
  const next = new URL(url.pathname + url.search, base)
  next.searchParams.set('page', String(Number(url.searchParams.get('page') ?? 1) + 1))
  return next.href
}

function isGitea(match: RegExpExecArray): boolean {
  return match[0].startsWith('/api/v1/')
}
