import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { mayWrite } from '@headgate/core'
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

test.each([
  ['push', 'refs/heads/main', 'branch', 'push', 'main', true],
  ['push', 'refs/heads/feature', 'branch', 'other', 'feature', false],
  ['push', 'refs/tags/main', 'tag', 'other', '', false],
  ['workflow_dispatch', 'refs/heads/main', 'branch', 'dispatch', 'main', true],
  ['workflow_dispatch', 'refs/heads/evil', 'branch', 'other', 'evil', false],
  ['workflow_dispatch', 'refs/tags/main', 'tag', 'other', '', false],
  ['repository_dispatch', 'refs/heads/main', 'branch', 'dispatch', 'main', true],
  ['schedule', 'refs/heads/main', 'branch', 'schedule', 'main', true],
  ['workflow_run', 'refs/heads/main', 'branch', 'workflow-run', 'main', false],
  ['release', 'refs/tags/v1', 'tag', 'other', '', false],
] as const)('%s of %s (a %s) is %s', (name, ref, type, event, branch, writes) => {
  const variables = { GITHUB_EVENT_NAME: name, GITHUB_REF: ref, GITHUB_REF_TYPE: type, GITHUB_REF_NAME: 'main' }
  const context = contextOf(variables, { repository })
  expect(context).toMatchObject({ event, branch })
  expect(mayWrite(context)).toBe(writes)
})

test('a schedule is of the default branch, where the event does not name it', () => {
  const variables = { GITHUB_EVENT_NAME: 'schedule', GITHUB_REF: 'refs/heads/trunk' }
  expect(contextOf(variables)).toMatchObject({ event: 'schedule', defaultBranch: 'trunk' })
})
