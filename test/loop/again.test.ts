// What has not changed is not done again; what was done in a pull request is done again on the default branch.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type ForgeTwin, misfits, startForge } from '@headgate/testkit'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Ended, headgate, makeRepository, type Repository, readDocument, settings } from './repository.ts'

const withChampion = settings
  .replace('bootstrap: true', 'bootstrap: true\n      baseline: champion')
  .replace('bump: minor', 'bump: minor\n      alias: champion')

let forge: ForgeTwin
let repository: Repository

beforeEach(async () => {
  forge = await startForge()
  repository = makeRepository({ 'headgate.yml': withChampion })
})

afterEach(async () => {
  await forge.close()
  expect(misfits(forge.calls)).toEqual([])
})

/** How often the training really ran. */
function trainings(): number {
  const path = join(repository.folder, '../trained')
  return existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n').length : 0
}

/** What the remote holds: branches, tags, the ledger. */
function refs(): string {
  return repository.git('ls-remote', 'origin')
}

/** The pipeline as GitHub's runner starts it, on a machine that stays. */
function onGitHub(event: 'push' | 'pull_request', branch: string): Promise<Ended> {
  const head = repository.git('rev-parse', 'HEAD')
  const base = repository.git('rev-parse', 'origin/main')
  const repo = { full_name: 'acme/tiny' }
  const pull = { number: 7, user: { login: 'ann' }, head: { sha: head, repo }, base: { ref: 'main', sha: base, repo } }
  const payload = join(repository.folder, '../event.json')
  const common = { repository: { default_branch: 'main' } }
  writeFileSync(payload, JSON.stringify(event === 'push' ? common : { ...common, pull_request: pull }))
  const env = {
    GITHUB_ACTIONS: 'true',
    GITHUB_API_URL: forge.url,
    GITHUB_SERVER_URL: forge.url,
    GITHUB_REPOSITORY: 'acme/tiny',
    GITHUB_EVENT_NAME: event,
    GITHUB_EVENT_PATH: payload,
    GITHUB_REF: event === 'push' ? `refs/heads/${branch}` : `refs/pull/${branch}`,
    GITHUB_REF_NAME: branch,
    GITHUB_RUN_ID: '42',
    GITHUB_SHA: head,
    GITHUB_WORKSPACE: repository.folder,
    GITHUB_TOKEN: 'token-of-the-twin',
    RUNNER_ENVIRONMENT: 'self-hosted',
  }
  return headgate(repository, ['run'], { env })
}

/** What was changed on the forge. Checks are left out: each run of a CI has its own. */
function writes(): string[] {
  return forge.writes().filter((write) => !write.endsWith('/check-runs'))
}

test('a second run on the default branch trains nothing, registers nothing, writes nothing, and says why', async () => {
  expect(await onGitHub('push', 'main')).toMatchObject({ code: 0 })
  expect(trainings()).toBe(1)
  const { tag, before, run } = {
    tag: 'refs/tags/tiny@v0.1.0',
    before: refs(),
    run: readDocument(repository, 'training.json').run,
  }
  expect(before).toContain(tag)
  forge.calls.length = 0

  const again = await onGitHub('push', 'main')
  expect(again.code, again.stderr).toBe(0)
  expect(trainings()).toBe(1)
  expect(refs()).toBe(before)
  expect(writes()).toEqual([])
  expect(again.stdout).toMatch(/Not trained again: nothing changed since run/)
  expect(again.stdout).toMatch(/Nothing new: tiny 0\.1\.0/)
  expect(readDocument(repository, 'training.json')).toMatchObject({ run, cache: { hit: true } })
})

test('a second run on a pull request trains nothing and comments nothing', async () => {
  repository.git('switch', '-qc', 'better')
  repository.write({ 'train.mjs': `${readFileSync(join(repository.folder, 'train.mjs'), 'utf8')}// better\n` })
  repository.commit('Train better')
  const first = await onGitHub('pull_request', '7/merge')
  expect(first.code, first.stdout + first.stderr).toBe(0)
  expect(trainings()).toBe(1)
  const before = refs()
  const comments = forge.comments.map(({ body }) => body)
  expect(comments.length).toBeGreaterThan(0)
  forge.calls.length = 0

  const again = await onGitHub('pull_request', '7/merge')
  expect(again.code, again.stdout + again.stderr).toBe(0)
  expect(trainings()).toBe(1)
  expect(refs()).toBe(before)
  expect(forge.comments.map(({ body }) => body)).toEqual(comments)
  expect(writes()).toEqual([])
  expect(again.stdout).toMatch(/Not trained again/)
})

test('a squash merge of a gated pull request trains again on the default branch, and registers', async () => {
  repository.git('switch', '-qc', 'better')
  repository.write({ 'train.mjs': `${readFileSync(join(repository.folder, 'train.mjs'), 'utf8')}// better\n` })
  repository.commit('Train better')
  const gated = await onGitHub('pull_request', '7/merge')
  expect(gated.code, gated.stdout + gated.stderr).toBe(0)
  expect(trainings()).toBe(1)
  expect(refs()).not.toMatch(/refs\/tags|refs\/headgate/)

  repository.git('switch', '-q', 'main')
  repository.git('merge', '-q', '--squash', 'better')
  repository.commit('Train better (#7)')
  const merged = await onGitHub('push', 'main')
  expect(merged.code, merged.stdout + merged.stderr).toBe(0)
  expect(trainings()).toBe(2)
  expect(merged.stdout).toMatch(/the earlier training was a pull request’s/)
  expect(refs()).toContain('refs/tags/tiny@v0.1.0')
  const head = repository.git('rev-parse', 'HEAD')
  expect(readDocument(repository, 'model.json')).toMatchObject({ version: '0.1.0', lineage: { commit: head } })
})
