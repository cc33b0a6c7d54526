// The example's own workflows, in a real runner, from the bundles: what a user's repository would do.
import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '@headgate/systems'
import { type ActRun, type ForgeTwin, misfits, type Results, runAct, startForge, startResults } from '@headgate/testkit'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { stopServices } from '../../scripts/demo/services.ts'

const root = join(import.meta.dirname, '../..')
const home = mkdtempSync(join(tmpdir(), 'headgate-act-'))
const repository = join(home, 'flights')
const remote = join(home, 'remote.git')
/** Leads the repository's address to a bare one on this disk: for the steps, and for this test's own Git. */
const gitConfig = join(home, 'gitconfig')
const published = join(home, 'headgate')

let forge: ForgeTwin
let port: number
let results: Results

function git(...words: string[]): string {
  const env = { ...process.env, GIT_CONFIG_GLOBAL: gitConfig }
  const output = execFileSync('git', ['-C', repository, ...words], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    env,
  })
  return output.trim()
}

/** The example as a repository of its own, whose origin is a bare one on this disk. */
function makeRepository(): void {
  const leave = /\/(__pycache__|\.headgate|\.pytest_cache|\.venv)$/
  cpSync(join(root, 'examples/flight-delays'), repository, { recursive: true, filter: (path) => !leave.test(path) })
  writeFileSync(gitConfig, `[url "${remote}"]\n\tinsteadOf = https://github.com/acme/flights\n`)
  execFileSync('git', ['init', '-q', '--bare', '-b', 'main', remote])
  git('init', '-q', '-b', 'main')
  git('config', 'user.name', 'Test')
  git('config', 'user.email', 'test@headgate.invalid')
  git('remote', 'add', 'origin', 'https://github.com/acme/flights')
  const settings = join(repository, 'headgate.yml')
  writeFileSync(settings, readFileSync(settings, 'utf8').replaceAll('8080', String(port)))
  git('add', '-A')
  git('commit', '-qm', 'The example')
  git('push', '-q', 'origin', 'main')
}

/** How this machine reaches its package registry: act gives steps an environment of their own. */
function registryAccess(): Record<string, string> {
  const wanted = /^(npm_config_|NODE_EXTRA_CA_CERTS$|SSL_CERT_FILE$|https?_proxy$|no_proxy$)/i
  const found = Object.entries(process.env).filter(([name, value]) => wanted.test(name) && value !== undefined)
  return Object.fromEntries(found) as Record<string, string>
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
      ...registryAccess(),
      GITHUB_API_URL: forge.url,
      GIT_CONFIG_GLOBAL: gitConfig,
      ACTIONS_RESULTS_URL: results.url,
      ACTIONS_RUNTIME_TOKEN: results.token,
      ACTIONS_CACHE_SERVICE_V2: 'true',
      RUNNER_TOOL_CACHE: join(root, '.tools/tool-cache'),
      RUNNER_ENVIRONMENT: 'self-hosted',
      XDG_STATE_HOME: join(home, 'state'),
      OMP_NUM_THREADS: '1',
    },
  })
}

beforeAll(async () => {
  if (!existsSync(join(root, 'dist/index.js'))) throw new Error('The bundles are missing: run `npm run bundle` first.')
  port = await freePort()
  makeRepository()
  publish()
  forge = await startForge()
  results = await startResults()
})
afterAll(async () => {
  await stopServices(join(home, 'state'))
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
  expect(forge.checks.at(-1)).toMatchObject({ name: 'headgate (flight-delays)', conclusion: 'success' })
  expect(git('ls-remote', 'origin')).not.toMatch(/refs\/(tags|headgate)/)
  expect([...results.artifacts.keys()].sort()).toEqual(
    ['evaluate-gate', 'train', 'validate-data'].map((stage) => `headgate-flight-delays-${stage}`),
  )
})

test('the same pull request again trains nothing, from the cache, and changes the one comment', async () => {
  results.artifacts.clear()
  const run = await act('pull-request.yml', 'pull_request', pullRequest())
  expect(run.jobs).toEqual({ evidence: 'success', headgate: 'success' })
  expect(forge.comments).toHaveLength(1)
  expect(forge.comments[0]?.body).toContain('Not trained again')
})

test('a push to main hands documents from job to job, registers, deploys and answers', async () => {
  results.artifacts.clear()
  const run = await act('main.yml', 'push', { ref: 'refs/heads/main', repository: { default_branch: 'main' } })
  expect(run.jobs, run.log.slice(-6000)).toEqual({ evidence: 'success', release: 'success', headgate: 'success' })
  expect(outputsNamed(run, 'version')).toContain('0.1.0')
  expect(git('ls-remote', 'origin')).toMatch(/refs\/tags\/flight-delays@v0\.1\.0/)
  expect(git('ls-remote', 'origin')).toMatch(/refs\/tags\/flight-delays#champion#/)
  expect(git('ls-remote', 'origin')).toMatch(/refs\/headgate\/ledger/)
  expect(forge.assets.size).toBeGreaterThan(0)
  expect((await fetch(`http://127.0.0.1:${port}/health`)).status).toBe(200)
})

test('gto reads the versions and aliases that the push left', () => {
  git('fetch', '-q', '--tags', 'origin')
  const gto = join(root, '.tools/ci/bin/gto')
  const shown = execFileSync(gto, ['show', '--json'], { cwd: repository, encoding: 'utf8' })
  expect(JSON.parse(shown)).toMatchObject({
    'flight-delays': { version: 'v0.1.0', stage: { champion: 'v0.1.0', challenger: 'v0.1.0' } },
  })
})

test('the schedule looks at production and writes down why it starts nothing', async () => {
  results.artifacts.clear()
  const run = await act('drift.yml', 'schedule', { schedule: '17 5 * * *', repository: { default_branch: 'main' } })
  expect(Object.values(run.jobs), run.log.slice(-6000)).not.toContain('failure')
  expect(outputsNamed(run, 'retrain')).toContain('false')
  expect(forge.dispatches).toEqual([])
})

test('a dispatched retraining with nothing new registers nothing and says which version it is', async () => {
  results.artifacts.clear()
  const run = await act('retrain.yml', 'workflow_dispatch', {
    inputs: { reason: 'by hand' },
    repository: { default_branch: 'main' },
  })
  expect(Object.values(run.jobs), run.log.slice(-6000)).not.toContain('failure')
  const tags = git('ls-remote', 'origin', 'refs/tags/flight-delays@v*')
    .split('\n')
    .filter((line) => !line.endsWith('^{}'))
  expect(tags).toHaveLength(1)
})

test('all that the workflows sent to the forge is in GitHub’s description of it', () => {
  expect(forge.calls.length).toBeGreaterThan(0)
  expect(misfits(forge.calls)).toEqual([])
})
