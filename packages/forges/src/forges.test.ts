import type { Context } from '@headgate/core'
import { OutsideError } from '@headgate/core'
import { type ForgeTwin, misfits, startForge } from '@headgate/testkit'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { announcer, type Forge, forgeFor } from './index.ts'

const marker = '<!-- headgate:churn:report -->'
let twin: ForgeTwin

beforeEach(async () => {
  twin = await startForge()
})
afterEach(async () => {
  await twin.close()
  expect(misfits(twin.calls)).toEqual([])
})

const open = (kind: 'github' | 'gitea'): Promise<Forge> => {
  const apiUrl = kind === 'gitea' ? `${twin.url}/api/v1` : twin.url
  return forgeFor({ kind, apiUrl, serverUrl: twin.url, repository: 'o/r', token: 'secret' }, { delays: [1, 1] })
}
const context = (over: Partial<Context> = {}): Context => ({
  runner: 'github',
  event: 'pull-request',
  commit: 'abc',
  branch: 'feature',
  defaultBranch: 'main',
  actor: 'me',
  ephemeral: true,
  pullRequest: { number: 7, headSha: 'abc', fork: false, author: 'me', labels: [] },
  ...over,
})
const news = {
  model: 'churn',
  key: 'report',
  verdict: 'pass',
  accepted: true,
  summary: 'Fine.',
  markdown: '### churn: pass',
  annotations: [],
} as const

describe.each(['github', 'gitea'] as const)('%s', (kind) => {
  test('writes the first comment, changes it, and leaves it alone when it says the same', async () => {
    const forge = await open(kind)
    expect((await forge.upsertComment(7, marker, 'one')).action).toBe('created')
    expect((await forge.upsertComment(7, marker, 'two')).action).toBe('updated')
    const before = twin.writes().length
    expect((await forge.upsertComment(7, marker, 'two')).action).toBe('unchanged')
    expect(twin.writes()).toHaveLength(before)
    expect(twin.comments.map((comment) => comment.body)).toEqual([`${marker}\ntwo`])
  })

  test('tries again after a 500, waits as a rate limit asks, and gives up in words', async () => {
    const forge = await open(kind)
    twin.faults = [
      { status: 500, method: 'POST', times: 1 },
      { status: 429, method: 'POST', headers: { 'retry-after': '0' }, times: 1 },
    ]
    expect((await forge.upsertComment(7, marker, 'one')).action).toBe('created')
    twin.faults = [{ status: 500 }]
    await expect(forge.upsertComment(7, marker, 'two')).rejects.toBeInstanceOf(OutsideError)
  })

  test('keeps a release with assets, and gives back the same bytes', async () => {
    const forge = await open(kind)
    expect(await forge.findRelease('churn@v1.0.0')).toBeUndefined()
    const release = await forge.createRelease({ tag: 'churn@v1.0.0', title: 'churn', body: '', draft: false })
    await forge.uploadAsset(release, 'LICENSE', 'LICENSE', (await import('node:fs')).statSync('LICENSE').size)
    const found = await forge.findRelease('churn@v1.0.0')
    expect(found?.assets.map((asset) => asset.name)).toEqual(['LICENSE'])
    expect([...twin.assets.values()][0]?.bytes.equals((await import('node:fs')).readFileSync('LICENSE'))).toBe(true)
  })

  test('starts a workflow and says which run it became', async () => {
    const forge = await open(kind)
    const url = `${twin.url}/o/r/actions/runs/1001`
    expect(await forge.dispatch('retrain.yml', 'main', { reason: 'drift' })).toEqual({ id: '1001', url })
    expect(twin.dispatches).toEqual([{ workflow: 'retrain.yml', ref: 'main', inputs: { reason: 'drift' } }])
    twin.faults = [{ status: 422, method: 'POST', times: 1 }]
    expect(await forge.dispatch('retrain.yml', 'main', {})).toEqual({})
  })
})

test('on GitHub the commit gets one check run, and another only when it says something else', async () => {
  const announce = announcer({ forge: await open('github'), context: context() })
  await announce(news)
  await announce(news)
  expect(twin.writes()).toEqual(['POST /repos/o/r/issues/7/comments', 'POST /repos/o/r/check-runs'])
  await announce({ ...news, verdict: 'fail', accepted: false, summary: 'Worse.' })
  expect(twin.checks).toMatchObject([{ conclusion: 'success' }, { name: 'headgate (churn)', conclusion: 'failure' }])
})

test('on Gitea the commit gets a status', async () => {
  await announcer({ forge: await open('gitea'), context: context() })(news)
  expect(twin.statuses).toMatchObject([{ context: 'headgate (churn)', state: 'success', sha: 'abc' }])
})

test('a missing right costs the comment, names the YAML line, and fails nothing', async () => {
  twin.faults = [{ status: 403, method: 'POST' }]
  const said = await announcer({ forge: await open('github'), context: context() })(news)
  expect(said[0]).toContain('permissions: { pull-requests: write }')
  expect(said[0]).toContain('Resource not accessible by integration')
})

test('a comment that is too long after all becomes a short one', async () => {
  await announcer({ forge: await open('github'), context: context() })({ ...news, markdown: 'x'.repeat(70_000) })
  expect(twin.comments[0]?.body).toContain('too long')
})

test('without a token there is one sentence and no request', async () => {
  expect(await announcer({ forge: undefined, context: context() })(news)).toHaveLength(1)
  expect(twin.calls).toEqual([])
})

test('on a laptop whose clone has no forge, none is missed', async () => {
  expect(await announcer({ forge: undefined, context: context({ runner: 'local' }) })(news)).toEqual([])
  const forge = { kind: 'github', apiUrl: twin.url, serverUrl: twin.url, repository: 'o/r', token: undefined } as const
  expect(await announcer({ forge: undefined, context: context({ runner: 'local', forge }) })(news)).toHaveLength(1)
})
