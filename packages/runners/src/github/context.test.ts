import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { githubContext } from './context.ts'

/** The context of a run with these variables and this event file, as GitHub writes them. */
function contextOf(variables: Readonly<Record<string, string>>, event: unknown = {}) {
  const path = join(mkdtempSync(join(tmpdir(), 'context-')), 'event.json')
  writeFileSync(path, JSON.stringify(event))
  return githubContext({ GITHUB_EVENT_PATH: path, GITHUB_SHA: 'f'.repeat(40), ...variables })
}

const repository = { default_branch: 'main' }
const [head, base] = ['a'.repeat(40), 'b'.repeat(40)]

test('a pull request and a merge queue have a base, by name and commit', () => {
  const repo = { full_name: 'acme/tiny' }
  const pull = { number: 7, head: { sha: head, repo }, base: { ref: 'release/1', sha: base, repo } }
  const onPull = { GITHUB_EVENT_NAME: 'pull_request', GITHUB_REF: 'refs/pull/7/merge', GITHUB_REF_NAME: '7/merge' }
  expect(contextOf(onPull, { pull_request: pull, repository })).toMatchObject({
    event: 'pull-request',
    commit: head,
    base: { ref: 'release/1', sha: base },
  })
  const group = { head_sha: head, base_ref: 'refs/heads/release/1', base_sha: base }
  const onQueue = { GITHUB_EVENT_NAME: 'merge_group', GITHUB_REF: 'refs/heads/gh-readonly-queue/release/1/pr-7' }
  expect(contextOf(onQueue, { merge_group: group, repository })).toMatchObject({
    event: 'merge-queue',
    commit: head,
    base: { ref: 'release/1', sha: base },
  })
})

test('a pull request whose event file says little has its base by the runner’s variable', () => {
  const variables = { GITHUB_EVENT_NAME: 'pull_request', GITHUB_BASE_REF: 'main' }
  expect(contextOf(variables)).toMatchObject({ event: 'pull-request', base: { ref: 'main' } })
})

test('a push has no base', () => {
  expect(contextOf({ GITHUB_EVENT_NAME: 'push', GITHUB_BASE_REF: '' }, { repository }).base).toBeUndefined()
})
