// The example's own workflows, in a real runner, from the bundles: what a user's repository would do.
import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ActRun, type ForgeTwin, type Results, runAct, startForge, startResults } from '@headgate/testkit'
import { afterAll, beforeAll, expect, test } from 'vitest'

const root = join(import.meta.dirname, '../..')
const home = mkdtempSync(join(tmpdir(), 'headgate-act-'))
const repository = join(home, 'flights')
const remote = join(home, 'remote.git')
const published = join(home, 'headgate')

let forge: ForgeTwin
let results: Results

function git(...words: string[]): string {
  return execFileSync('git', ['-C', repository, ...words], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  }).trim()
}

/** The example as a repository of its own, whose origin is a bare one on this disk. */
function makeRepository(): void {
  const leave = /\/(__pycache__|\.headgate|\.pytest_cache|\.venv)$/
  cpSync(join(root, 'examples/flight-delays'), repository, { recursive: true, filter: (path) => !leave.test(path) })
  execFileSync('git', ['init', '-q', '--bare', '-b', 'main', remote])
  git('init', '-q', '-b', 'main')
  git('config', 'user.name', 'Test')
  git('config', 'user.email', 'test@headgate.invalid')
  git('remote', 'add', 'origin', 'https://github.com/acme/flights')
  git('config', `url.${remote}.insteadOf`, 'https://github.com/acme/flights')
  git('add', '-A')
  git('commit', '-qm', 'The example')
  git('push', '-q', 'origin', 'main')
}

/** Headgate as it would be at its release tag: action.yml files and bundles, nothing else. */
function publish(): void {
  for (const path of ['action.yml', 'dist']) cpSync(join(root, path), join(published, path), { recursive: true })
  for (const name of execFileSync('ls', [join(root, 'actions')], { encoding: 'utf8' })
    .trim()
    .split('\n')) {
    mkdirSync(join(published, 'actions', name), { recursive: true })
    for (const path of ['action.yml', 'dist']) {
      cpSync(join(root, 'actions', name, path), join(published, 'actions', name, path), { recursive: true })
    }
  }
}

function act(workflow: string, event: string, payload: unknown): Promise<ActRun> {
  return runAct({
    act: join(root, '.tools/ci/bin/act'),
    directory: repository,
    workflow: `.github/workflows/${workflow}`,
    event,
    payload,
    repositories: { 'headgate/headgate@v1': published },
    secrets: { GITHUB_TOKEN: 'token-of-the-twin' },
    path: [join(root, '.tools/example/bin')],
    env: {
      GITHUB_API_URL: forge.url,
      ACTIONS_RESULTS_URL: results.url,
      ACTIONS_RUNTIME_TOKEN: results.token,
      ACTIONS_CACHE_SERVICE_V2: 'true',
      RUNNER_TOOL_CACHE: join(root, '.tools/tool-cache'),
      OMP_NUM_THREADS: '1',
    },
  })
}

beforeAll(async () => {
  if (!existsSync(join(root, 'dist/index.js'))) throw new Error('The bundles are missing: run `npm run bundle` first.')
  makeRepository()
  publish()
  forge = await startForge()
  results = await startResults()
})
afterAll(async () => {
  await forge?.close()
  await results?.close()
  rmSync(home, { recursive: true, force: true })
})

function pullRequest() {
  return {
    action: 'opened',
    number: 7,
    pull_request: {
      number: 7,
      user: { login: 'contributor' },
      labels: [],
      head: { ref: 'feature', sha: git('rev-parse', 'HEAD'), repo: { full_name: 'acme/flights' } },
      base: { ref: 'main', sha: git('rev-parse', 'main'), repo: { full_name: 'acme/flights' } },
    },
    repository: { full_name: 'acme/flights', default_branch: 'main' },
  }
}

function outputsNamed(run: ActRun, name: string): string[] {
  return Object.entries(run.outputs).flatMap(([key, value]) => (key.endsWith(`.${name}`) ? [value] : []))
}

test('a pull request is validated, trained, gated and commented, and nothing is written to the repository', async () => {
  const run = await act('pull-request.yml', 'pull_request', pullRequest())
  expect(run.jobs, run.log.slice(-6000)).toEqual({ evidence: 'success', headgate: 'success' })
  expect(outputsNamed(run, 'exit-code')).toContain('0')
  expect(run.summaries.join('\n')).toContain('roc_auc')
  expect(forge.comments).toHaveLength(1)
  expect(forge.comments[0]?.body).toMatch(/^<!-- headgate:flight-delays:report -->\n### /)
  expect(forge.checks).toMatchObject([{ name: 'headgate (flight-delays)', conclusion: 'success' }])
  expect(git('ls-remote', 'origin')).not.toMatch(/refs\/(tags|headgate)/)
})

test('the same pull request again changes the one comment, or leaves it alone', async () => {
  const run = await act('pull-request.yml', 'pull_request', pullRequest())
  expect(run.jobs).toEqual({ evidence: 'success', headgate: 'success' })
  expect(forge.comments).toHaveLength(1)
  expect(forge.checks).toHaveLength(1)
})
