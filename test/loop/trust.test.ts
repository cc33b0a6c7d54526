// What a pull request, a merge queue, another branch or a tag may not do, by the command as GitHub starts it.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, expect, test } from 'vitest'
import { type Ended, headgate, makeRepository, type Repository, settings, training } from './repository.ts'

let repository: Repository

beforeEach(() => {
  repository = makeRepository()
})

/** The whole pipeline, or some of its stages, as GitHub's runner starts them. */
async function onGitHub(name: string, ref: string, stages: readonly string[] = ['run']): Promise<Ended> {
  const head = repository.git('rev-parse', 'HEAD')
  const base = repository.git('rev-parse', 'origin/main')
  const repo = { full_name: 'acme/tiny' }
  const pull = { number: 7, user: { login: 'ann' }, head: { sha: head, repo }, base: { ref: 'main', sha: base, repo } }
  const group = { head_sha: head, base_ref: 'refs/heads/main', base_sha: base }
  const payload = join(repository.folder, '../event.json')
  const parts = name === 'pull_request' ? { pull_request: pull } : name === 'merge_group' ? { merge_group: group } : {}
  writeFileSync(payload, JSON.stringify({ repository: { default_branch: 'main' }, ...parts }))
  const env = {
    GITHUB_ACTIONS: 'true',
    GITHUB_EVENT_NAME: name,
    GITHUB_EVENT_PATH: payload,
    GITHUB_REF: ref,
    GITHUB_REF_NAME: ref.split('/').slice(2).join('/'),
    GITHUB_REF_TYPE: ref.startsWith('refs/tags/') ? 'tag' : 'branch',
    GITHUB_RUN_ID: '42',
    GITHUB_SHA: head,
    GITHUB_WORKSPACE: repository.folder,
    RUNNER_ENVIRONMENT: 'self-hosted',
  }
  let last: Ended = { code: 0, signal: null, stdout: '', stderr: '' }
  for (const stage of stages) if (last.code === 0) last = await headgate(repository, [stage], { env })
  return last
}

const onPull = ['pull_request', 'refs/pull/7/merge'] as const
const onQueue = ['merge_group', 'refs/heads/gh-readonly-queue/main/pr-7'] as const
const worse = training.replace('(x % 2)', '(1 - (x % 2))')

/** A branch with these files on top of main. */
function propose(files: Readonly<Record<string, string>>): void {
  repository.git('switch', '-qc', 'change')
  repository.write(files)
  repository.commit('Change')
}

test.each([
  ['`fail-on: never` in the gate', settings.replace('bootstrap: true', 'bootstrap: true\n      fail-on: never')],
  ['a floor of 0', settings.replace('min: 0.6', 'min: 0')],
  ['`on-pull-request: never`', settings.replace('code:', 'on-pull-request: never\n      code:')],
  ['`sweep: true`', settings.replace('code:', 'sweep: true\n      code:')],
  ['`dry-run: true`', settings.replace('    test-data:', '    dry-run: true\n    test-data:')],
])('a worse model is red, whatever the change says: %s', async (_what, changed) => {
  expect(changed).not.toBe(settings)
  propose({ 'headgate.yml': changed, 'train.mjs': worse })
  for (const [event, ref] of [onPull, onQueue]) {
    const { code, stdout, stderr } = await onGitHub(event, ref)
    expect(code, stdout + stderr).toBe(1)
    expect(stdout + stderr).toMatch(/evaluate-gate: fail/)
  }
})

test('test rows that the training rewrites are no evidence', async () => {
  const rewriting = `${worse}\nconst text = readFileSync('test.csv', 'utf8')\nwriteFileSync('test.csv', text.replace(/,1$/gm, ',0').replace(/,0\\n$/, ',1\\n'))\n`
  propose({ 'train.mjs': rewriting })
  const { code, stdout, stderr } = await onGitHub(...onPull)
  expect(code, stdout + stderr).toBe(2)
  expect(stdout + stderr).toMatch(/test\.csv.*holds other rows than the training was given/)
})

test.each([
  ['push', 'refs/heads/feature'],
  ['push', 'refs/tags/main'],
  ['workflow_dispatch', 'refs/heads/evil'],
])('a %s of %s writes nothing, stage by stage or as a whole', async (name, ref) => {
  const stages = ['validate-data', 'train', 'evaluate-gate', 'register-model']
  const before = repository.git('ls-remote', 'origin')
  const { code, stdout, stderr } = await onGitHub(name, ref, stages)
  expect(code, stdout + stderr).toBe(1)
  expect(stdout + stderr).toMatch(/another branch or a tag nothing is registered/)
  expect((await onGitHub(name, ref)).code).toBe(0)
  expect(repository.git('ls-remote', 'origin')).toBe(before)
})

test('a training that came with a commit is refused by every stage, and main registers nothing of it', async () => {
  expect(await headgate(repository, ['run', '--stages', 'validate-data,train,evaluate-gate'])).toMatchObject({
    code: 0,
  })
  writeFileSync(join(repository.work, 'output/model/weights.json'), '{"odd":"doctored"}')
  repository.git('add', '-f', '.headgate')
  repository.commit('Change (#7)')
  for (const stage of ['validate-data', 'train', 'evaluate-gate', 'register-model']) {
    const { code, stdout, stderr } = await onGitHub('push', 'refs/heads/main', [stage])
    expect(code, stdout + stderr).toBe(2)
    expect(stdout + stderr).toMatch(/is in Git.*git rm -r --cached \.headgate\/tiny/)
  }
  expect(repository.git('ls-remote', '--tags', 'origin')).toBe('')
  expect(readFileSync(join(repository.work, 'output/model/weights.json'), 'utf8')).toContain('doctored')
})
