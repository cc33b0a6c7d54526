// The twin stands in for real forges: what it answers, and what it is asked, is held against what they publish.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { misfits, operationOf, unasked } from '../described/misfits.ts'
import { routesOf } from './server.ts'
import { type ForgeTwin, startForge } from './twin.ts'

let twin: ForgeTwin

beforeEach(async () => {
  twin = await startForge({ github: 'ann', gitea: 'ann' })
  twin.pulls.push({ number: 7, sha: 'abc', state: 'open', fork: 'bob' }, { number: 8, sha: 'abc', state: 'closed' })
})
afterEach(() => twin.close())

type Step = readonly [status: number, method: string, path: string, body?: unknown]

const repo = '/repos/o/r'
const sha = 'a'.repeat(40)
const annotation = { path: 'a.yaml', start_line: 1, end_line: 1, annotation_level: 'failure', message: 'm', title: 't' }
const output = { title: 'T', summary: 'S', annotations: [annotation] }
const draft = { tag_name: 'm@v1', name: 'm', body: 'b', draft: true, prerelease: true }

/** Numbers are given from 1001 on, in the order of the steps. */
const comments: readonly Step[] = [
  [201, 'POST', '/issues/7/comments', { body: 'one' }],
  [200, 'GET', '/issues/7/comments'],
  [200, 'PATCH', '/issues/comments/1001', { body: 'two' }],
  [204, 'DELETE', '/issues/comments/1001'],
  [404, 'PATCH', '/issues/comments/1001', { body: 'two' }],
  [404, 'DELETE', '/issues/comments/1001'],
]
const steps: Readonly<Record<'github' | 'gitea', readonly Step[]>> = {
  github: [
    [200, 'GET', '/user'],
    ...comments,
    [422, 'POST', '/issues/7/comments', { body: 'x'.repeat(70_000) }],
    [201, 'POST', '/check-runs', { name: 'n', head_sha: sha, status: 'completed', conclusion: 'success', output }],
    [200, 'PATCH', '/check-runs/1002', { external_id: 'x', output }],
    [404, 'PATCH', '/check-runs/1', { output }],
    [200, 'GET', `/commits/${sha}/check-runs?check_name=n`],
    [200, 'GET', '/pulls?state=open&per_page=100&page=1'],
    [201, 'POST', '/releases', draft],
    [404, 'GET', '/releases/tags/m%40v1'],
    [200, 'PATCH', '/releases/1003', { draft: false }],
    [200, 'GET', '/releases/tags/m%40v1'],
    [422, 'POST', '/releases', { ...draft, draft: false }],
    [200, 'GET', '/releases?per_page=1'],
    [200, 'GET', '/releases/1003'],
    [404, 'GET', '/releases/1'],
    [201, 'POST', '/uploads/releases/1003/assets?name=model', Buffer.from('weights')],
    [422, 'POST', '/uploads/releases/1003/assets?name=model', Buffer.from('weights')],
    [404, 'POST', '/uploads/releases/1/assets?name=model', Buffer.from('weights')],
    [200, 'GET', '/releases/1003'],
    [302, 'GET', '/releases/assets/1004'],
    [204, 'DELETE', '/releases/assets/1004'],
    [404, 'GET', '/releases/assets/1004'],
    [404, 'DELETE', '/releases/assets/1004'],
    [200, 'POST', '/actions/workflows/a.yml/dispatches', { ref: 'main', inputs: { a: 'b' }, return_run_details: true }],
    [204, 'POST', '/actions/workflows/a.yml/dispatches', { ref: 'main' }],
    [200, 'GET', '/actions/runs/1005'],
    [404, 'GET', '/actions/runs/1'],
  ],
  gitea: [
    [200, 'GET', '/user'],
    ...comments,
    [201, 'POST', `/statuses/${sha}`, { context: 'n', state: 'warning', description: 'd', target_url: 'https://x' }],
    [200, 'GET', `/statuses/${sha}?limit=50&page=1`],
    [200, 'GET', '/pulls?state=open&limit=50&page=1'],
    [201, 'POST', '/releases', draft],
    [409, 'POST', '/releases', draft],
    [200, 'GET', '/releases/tags/m%40v1'],
    [404, 'GET', '/releases/tags/other'],
    [200, 'PATCH', '/releases/1003', { draft: false }],
    [404, 'PATCH', '/releases/1', { draft: false }],
    [200, 'GET', '/releases?limit=1'],
    [201, 'POST', '/releases/1003/assets?name=model', Buffer.from('weights')],
    [400, 'POST', '/releases/1003/assets', Buffer.from('weights')],
    [404, 'POST', '/releases/1/assets?name=model', Buffer.from('weights')],
    [200, 'GET', '/releases/1003'],
    [200, 'GET', '/releases/1003/assets/1004'],
    [204, 'DELETE', '/releases/1003/assets/1004'],
    [404, 'DELETE', '/releases/1003/assets/1004'],
    [200, 'POST', '/actions/workflows/a.yml/dispatches?return_run_details=true', { ref: 'main', inputs: { a: 'b' } }],
    [204, 'POST', '/actions/workflows/a.yml/dispatches', { ref: 'main' }],
    [200, 'GET', '/actions/runs/1005'],
    [404, 'GET', '/actions/runs/1'],
  ],
}

function urlOf(kind: 'github' | 'gitea', path: string): string {
  const below = path.startsWith('/uploads/') ? `/uploads${repo}${path.slice('/uploads'.length)}` : repo + path
  return twin.url + (kind === 'gitea' ? '/api/v1' : '') + (path === '/user' ? path : below)
}

/** Asks as plain HTTP does; nothing of our own client is between. */
function send(kind: 'github' | 'gitea', [, method, path, body]: Step): Promise<Response> {
  const isBytes = Buffer.isBuffer(body)
  return fetch(urlOf(kind, path), {
    method,
    redirect: 'manual',
    headers: {
      authorization: 'token secret',
      ...(body !== undefined && { 'content-type': isBytes ? 'application/octet-stream' : 'application/json' }),
    },
    ...(body !== undefined && { body: isBytes ? new Uint8Array(body) : JSON.stringify(body) }),
  })
}

/** What of a forge's API an OpenAPI description can hold. */
const apis = { github: ['github', 'uploads'], gitea: ['gitea'] } as const

describe.each(['github', 'gitea'] as const)('as %s', (kind) => {
  test('every route is one that the forge describes, under its own name', () => {
    for (const { api, method, path } of routesOf(twin)) {
      if (!apis[kind].some((one) => one === api)) continue
      expect(operationOf(api, method, path)?.name).toBe(`${method} ${path}`)
    }
  })

  test('every route’s answers, good and bad, have the shapes that the forge describes', async () => {
    for (const step of steps[kind]) expect([step, (await send(kind, step)).status]).toEqual([step, step[0]])
    expect(apis[kind].flatMap((api) => unasked(twin, api))).toEqual([])
    expect(misfits(twin.calls)).toEqual([])
  })

  test.each([401, 403, 404, 422, 429, 500, 502, 503])('a %i at any route is the forge’s own', async (status) => {
    twin.faults = [{ status }]
    for (const step of steps[kind]) expect((await send(kind, step)).status).toBe(status)
    expect(misfits(twin.calls)).toEqual([])
  })

  test('without a token nothing is answered', async () => {
    const response = await fetch(urlOf(kind, '/issues/7/comments'))
    expect(response.status).toBe(401)
    expect(misfits(twin.calls)).toEqual([])
  })
})

test('pages name their neighbours, as both forges do', async () => {
  for (let id = 1; id <= 5; id += 1) twin.comments.push({ id, issue: 7, body: 'hi', user: { login: 'bob' } })
  const response = await send('github', [200, 'GET', '/issues/7/comments?per_page=2&page=2'])
  const at = `${twin.url}${repo}/issues/7/comments?per_page=2&page=`
  expect(response.headers.get('link')).toBe(
    `<${at}1>; rel="prev", <${at}1>; rel="first", <${at}3>; rel="next", <${at}3>; rel="last"`,
  )
})

test('an app’s token may not ask who it is, and GraphQL tells it, in the shape of GitHub’s schema', async () => {
  await twin.close()
  twin = await startForge()
  expect((await send('github', [403, 'GET', '/user'])).status).toBe(403)
  const body = JSON.stringify({ query: '{ viewer { login } }' })
  const headers = { authorization: 'token secret', 'content-type': 'application/json' }
  const response = await fetch(`${twin.url}/graphql`, { method: 'POST', headers, body })
  expect(await response.json()).toEqual({ data: { viewer: { login: 'github-actions[bot]' } } })
  expect(misfits(twin.calls)).toEqual([])
})

test('an asset lies on another server, which takes no token', async () => {
  twin.releases.push({ id: 1, tag_name: 't', name: '', body: '', draft: false, prerelease: false })
  twin.assets.set(2, { release: 1, name: 'model', bytes: Buffer.from('weights'), state: 'uploaded' })
  const { headers } = await send('github', [302, 'GET', '/releases/assets/2'])
  const location = headers.get('location') ?? ''
  expect(new URL(location).origin).not.toBe(twin.url)
  expect(await (await fetch(location)).text()).toBe('weights')
  expect((await fetch(location, { headers: { authorization: 'token secret' } })).status).toBe(400)
  expect(misfits(twin.calls)).toEqual([])
})

describe('what does not fit is said', () => {
  const ask = async (method: string, path: string, body?: unknown): Promise<string[]> => {
    await send('github', [0, method, path, body])
    return misfits(twin.calls)
  }

  test.each([
    ['a path that no description has', 'GET', '/no/such/route', undefined, /does not have it/],
    ['a parameter that there is not', 'GET', '/issues/7/comments?limit=50', undefined, /no query parameter limit/],
    ['a parameter of another type', 'GET', '/issues/seven/comments', undefined, /issue_number.* must be integer/],
    ['a parameter that is missing', 'POST', '/uploads/releases/1/assets', Buffer.from('x'), /name is missing/],
    ['a body without what is required', 'POST', '/issues/7/comments', {}, /body must have required property 'body'/],
    ['a body that is missing', 'POST', '/issues/7/comments', undefined, /the body is missing/],
    ['a body with more than there is', 'POST', '/issues/7/comments', { body: 'x', index: 7 }, /additional.*: index/],
    ['a body where none is taken', 'DELETE', '/issues/comments/1', { id: 1 }, /takes no body/],
    [
      'a value that is not one of those',
      'POST',
      '/check-runs',
      { name: 'n', head_sha: 's', conclusion: 'warn' },
      /enum|allowed values/,
    ],
    ['an upload sent to the API', 'POST', '/releases/1/assets?name=model', Buffer.from('x'), /does not have it/],
  ])('%s', async (_name, method, path, body, said) => {
    expect((await ask(method, path, body)).join('\n')).toMatch(said)
  })

  test.each([
    [
      'without a field',
      (shown: Record<string, unknown>) => delete shown.node_id,
      /must have required property 'node_id'/,
    ],
    ['with a field of its own', (shown: Record<string, unknown>) => Object.assign(shown, { issue: 7 }), /: issue/],
    ['of another type', (shown: Record<string, unknown>) => Object.assign(shown, { id: 'one' }), /id must be integer/],
    [
      'with a field deep below',
      (shown: Record<string, unknown>) => Object.assign(shown.user as object, { name2: 1 }),
      /user.*: name2/,
    ],
  ])('an answer %s', async (_name, spoil, said) => {
    await send('github', [201, 'POST', '/issues/7/comments', { body: 'one' }])
    spoil(twin.calls[0]?.answer?.body as Record<string, unknown>)
    expect(misfits(twin.calls).join('\n')).toMatch(said)
  })

  test('a success that is not described, and a link that nothing named', async () => {
    await send('github', [204, 'DELETE', '/issues/comments/1'])
    Object.assign(twin.calls[0] ?? {}, { answer: { status: 205 } })
    await fetch(`${twin.storageUrl}/assets/1?signature=good`)
    expect(misfits(twin.calls)).toEqual([
      expect.stringMatching(/answer 205 is not described/),
      expect.stringMatching(/no answer named this address/),
    ])
  })

  test('a query that GitHub’s schema does not have', async () => {
    const headers = { authorization: 'token secret', 'content-type': 'application/json' }
    const body = JSON.stringify({ query: '{ viewer { logon } }' })
    await fetch(`${twin.url}/graphql`, { method: 'POST', headers, body })
    expect(misfits(twin.calls).join()).toMatch(/Cannot query field "logon"/)
  })
})
