// GitHub's runner as far as an action sees it: files and variables in, a spawned bundle, files and requests out.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import type { StageName } from '@headgate/core'
import { startForge } from '@headgate/testkit'
import { onTestFinished } from 'vitest'
import { type Files, headgate, makeRepository, type Repository, readDocument } from '../loop/repository.ts'

const root = join(import.meta.dirname, '../..')

type Event = 'push' | 'pull_request' | 'schedule'

/** What a step left behind. */
interface Step {
  readonly code: number
  readonly log: string
  readonly outputs: Readonly<Record<string, string>>
  readonly summary: string
  /** What it asked the forge to change, as method and path. */
  readonly writes: readonly string[]
}

export interface Site extends Repository {
  /** Runs an action from its bundle, with inputs by their kebab-case names, and more of the runner's variables. */
  act(
    stage: StageName,
    event: Event,
    inputs?: Readonly<Record<string, string>>,
    more?: Readonly<Record<string, string>>,
  ): Promise<Step>
  /** Runs what comes before, in one process; it must be accepted. */
  prepare(...stages: readonly StageName[]): Promise<void>
  /** The outputs that every stage has, as its document and the exit code tell them. */
  common(document: string, exitCode: 0 | 1): Readonly<Record<string, unknown>>
  /** The paths of all files in the work folder. */
  workFiles(): string[]
}

/** A repository on a forge, and a machine that stays. */
export async function openSite(changed: Files = {}): Promise<Site> {
  const repository = makeRepository(changed)
  const forge = await startForge()
  onTestFinished(() => forge.close())
  const home = join(repository.folder, '..')
  const act: Site['act'] = async (stage, event, inputs = {}, more = {}) => {
    const [outputFile, summaryFile] = ['outputs', 'summary'].map((name) => join(home, name)) as [string, string]
    for (const file of [outputFile, summaryFile]) writeFileSync(file, '')
    const before = forge.writes().length
    const ended = await run(stage, repository.folder, {
      ...variablesOf(repository, event),
      ...Object.fromEntries(Object.entries(inputs).map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value])),
      GITHUB_OUTPUT: outputFile,
      GITHUB_STEP_SUMMARY: summaryFile,
      GITHUB_API_URL: forge.url,
      ...more,
    })
    return {
      ...ended,
      outputs: outputsOf(readFileSync(outputFile, 'utf8')),
      summary: readFileSync(summaryFile, 'utf8'),
      writes: forge.writes().slice(before),
    }
  }
  const prepare: Site['prepare'] = async (...stages) => {
    const { code, stderr } = await headgate(repository, ['run', ...stages.flatMap((stage) => ['--stages', stage])])
    if (code !== 0) throw new Error(`${stages.join(', ')} ended with ${code}:\n${stderr}`)
  }
  const common: Site['common'] = (document, exitCode) => {
    const { verdict, summary } = readDocument(repository, document)
    const [path, report] = [document, 'report.html'].map((name) => join(repository.work, name))
    return { verdict, summary, 'document-path': path, 'report-path': report, 'exit-code': String(exitCode) }
  }
  const workFiles = () => globSync('**/*.*', { cwd: repository.work }).sort()
  return { ...repository, act, prepare, common, workFiles }
}

function variablesOf({ folder, git }: Repository, event: Event): Record<string, string> {
  const home = join(folder, '..')
  const head = git('rev-parse', 'HEAD')
  const repo = { full_name: 'acme/tiny' }
  const pull = { number: 7, user: { login: 'ann' }, head: { sha: head, repo }, base: { ref: 'main', sha: head, repo } }
  const payload = { repository: { default_branch: 'main' }, ...(event === 'pull_request' && { pull_request: pull }) }
  const temporary = join(home, 'temporary')
  mkdirSync(temporary, { recursive: true })
  writeFileSync(join(home, 'event.json'), JSON.stringify(payload))
  return {
    PATH: process.env.PATH ?? '',
    HOME: home,
    GITHUB_ACTIONS: 'true',
    GITHUB_ACTOR: 'ann',
    GITHUB_EVENT_NAME: event,
    GITHUB_EVENT_PATH: join(home, 'event.json'),
    GITHUB_REF: event === 'pull_request' ? 'refs/pull/7/merge' : 'refs/heads/main',
    GITHUB_REF_NAME: event === 'pull_request' ? '7/merge' : 'main',
    GITHUB_REPOSITORY: 'acme/tiny',
    GITHUB_RUN_ATTEMPT: '1',
    GITHUB_RUN_ID: '11',
    GITHUB_SERVER_URL: 'https://github.invalid',
    GITHUB_SHA: head,
    GITHUB_WORKFLOW: 'Model',
    GITHUB_WORKSPACE: folder,
    INPUT_TOKEN: 'token-of-the-twin',
    RUNNER_ENVIRONMENT: 'self-hosted',
    RUNNER_TEMP: temporary,
    RUNNER_TOOL_CACHE: join(home, 'tools'),
  }
}

async function run(
  stage: StageName,
  cwd: string,
  env: Record<string, string>,
): Promise<{ readonly code: number; readonly log: string }> {
  const bundle = join(root, 'actions', stage, 'dist/index.js')
  const child = spawn(process.execPath, [bundle], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
  const [log, errors, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  return { code: code ?? -1, log: log + errors }
}

/** `name<<delimiter`, the value's lines, the delimiter. */
function outputsOf(file: string): Record<string, string> {
  const entries = file.matchAll(/^(.+)<<(ghadelimiter_.+)\n([\s\S]*?)\n\2$/gm)
  return Object.fromEntries([...entries].map(([, name, , value]) => [name, value]))
}
