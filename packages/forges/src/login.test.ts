// Whose comments are ours: a wrong answer would stack a new comment on every run.
import type { Context } from '@headgate/core'
import { OutsideError } from '@headgate/core'
import { type ForgeTwin, misfits, startForge } from '@headgate/testkit'
import { afterEach, expect, test } from 'vitest'
import { announcer, type Forge, forgeFor } from './index.ts'

let twin: ForgeTwin

afterEach(async () => {
  await twin.close()
  expect(misfits(twin.calls)).toEqual([])
})

const open = (kind: 'github' | 'gitea'): Promise<Forge> => {
  const apiUrl = kind === 'gitea' ? `${twin.url}/api/v1` : twin.url
  return forgeFor({ kind, apiUrl, serverUrl: twin.url, repository: 'o/r', token: 'secret' }, { delays: [1, 1] })
}

/** Two runs, each a client of its own; what the second did. */
async function twice(kind: 'github' | 'gitea'): Promise<string> {
  await (await open(kind)).upsertComment(7, '<!-- m -->', 'one')
  return (await (await open(kind)).upsertComment(7, '<!-- m -->', 'one')).action
}

test.each([
  ['github', 'a job', {}],
  ['github', 'an app', { github: 'churn[bot]' }],
  ['github', 'a person', { github: 'ann' }],
  ['gitea', 'a job', {}],
  ['gitea', 'a person', { gitea: 'ann' }],
] as const)('on %s the token of %s knows its own comment', async (kind, _who, logins) => {
  twin = await startForge(logins)
  expect(await twice(kind)).toBe('unchanged')
})

test.each([
  { status: 403 },
  { status: 200, body: { data: null, errors: [{ type: 'FORBIDDEN', message: 'Resource not accessible' }] } },
])('where even GraphQL refuses, it is a job’s token (%o)', async (fault) => {
  twin = await startForge()
  twin.faults = [{ ...fault, path: /graphql$/ }]
  expect(await twice('github')).toBe('unchanged')
})

test.each([
  { status: 502 },
  { status: 200, body: { data: null, errors: [{ type: 'RATE_LIMITED', message: 'API rate limit exceeded' }] } },
])('an outage is not an answer: the name is not guessed (%o)', async (fault) => {
  twin = await startForge({ github: 'churn[bot]' })
  twin.faults = [{ ...fault, path: /graphql$/ }]
  await expect(twice('github')).rejects.toThrow(OutsideError)
  expect(twin.comments).toEqual([])
})

test('a token that is not valid is told as that', async () => {
  twin = await startForge()
  twin.faults = [{ status: 401, message: 'Bad credentials' }]
  await expect(twice('github')).rejects.toThrow(/Bad credentials/)
  expect(twin.calls).toHaveLength(1)
})

test('on Gitea a token without the scope to know itself writes nothing, and the scope is named', async () => {
  twin = await startForge({ gitea: 'ann' })
  const message = 'token does not have at least one of required scope(s), required=[read:user], token scope=write:issue'
  twin.faults = [{ status: 403, path: /\/user$/, message }]
  const pullRequest = { number: 7, headSha: '', baseRef: 'main', fork: false, author: 'me', labels: [] }
  const context = { commit: '', pullRequest } as unknown as Context
  const news = { model: 'churn', key: 'report', verdict: 'pass', accepted: true, summary: '', markdown: '' } as const
  const said = await announcer({ forge: await open('gitea'), context })({ ...news, annotations: [] })
  expect(said.join()).toContain('required=[read:user]')
  expect(twin.writes()).toEqual([])
})
