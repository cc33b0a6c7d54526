// Runs a workflow with the real act on this machine (no containers) and returns its JSON log as data.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'

export interface ActRun {
  readonly code: number
  readonly jobs: Record<string, string>
  readonly steps: { job: string; stage: string; step: string; id: string; result: string }[]
  readonly outputs: Record<string, string>
  readonly summaries: string[]
  readonly log: string
}
export interface ActOptions {
  readonly act: string
  readonly directory: string
  readonly event?: string
  readonly workflow: string
  readonly job?: string
  readonly payload?: unknown
  readonly env?: Record<string, string>
  readonly secrets?: Record<string, string>
  readonly inputs?: Record<string, string>
  /** Folders that come before all others on the PATH, but for Node's own. */
  readonly path?: readonly string[]
  /** `owner/repo@ref` → folder */
  readonly repositories?: Record<string, string>
}

/** Runs the workflow to its end, whatever that is. */
export async function runAct(options: ActOptions): Promise<ActRun> {
  const home = mkdtempSync(join(tmpdir(), 'headgate-act-'))
  try {
    const { code, stdout, stderr } = await play(options, home)
    return runOf(code, eventsOf(`${stdout}\n${stderr}`), stderr)
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
}

interface Played {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

async function play(options: ActOptions, home: string): Promise<Played> {
  // act asks HOME for its settings and PATH for node: both are ours.
  const child = spawn(options.act, wordsOf(options, home), {
    env: {
      PATH: [dirname(process.execPath), ...(options.path ?? []), process.env.PATH].join(':'),
      HOME: home,
      XDG_CONFIG_HOME: home,
      XDG_CACHE_HOME: home,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  return { code: code ?? -1, stdout, stderr }
}

function wordsOf(options: ActOptions, home: string): string[] {
  const pairs = (flag: string, record: Record<string, string> = {}): string[] =>
    Object.entries(record).flatMap(([key, value]) => [flag, `${key}=${value}`])
  const payload = join(home, 'event.json')
  if (options.payload !== undefined) writeFileSync(payload, JSON.stringify(options.payload))
  const cacheIsOurs = options.env?.ACTIONS_CACHE_SERVICE_V2 !== undefined
  const cache = ['--cache-server-addr', '127.0.0.1', '--cache-server-path', join(home, 'caches')]
  return [
    options.event ?? 'push',
    ...['-C', options.directory, '-W', options.workflow, '--json'],
    ...['ubuntu-latest', 'self-hosted'].flatMap((label) => ['-P', `${label}=-self-hosted`]),
    ...['--action-cache-path', join(home, 'cache')],
    ...(cacheIsOurs ? ['--no-cache-server'] : cache),
    ...(options.job ? ['-j', options.job] : []),
    ...(options.payload === undefined ? [] : ['-e', payload]),
    ...pairs('--env', options.env),
    ...pairs('-s', options.secrets),
    ...pairs('--input', options.inputs),
    ...pairs('--local-repository', options.repositories),
  ]
}

/** A line of act's log: what it says, and what came of a job, a step or a command in it. */
interface ActEvent {
  readonly msg?: string
  readonly jobID?: string
  readonly jobResult?: string
  readonly stage?: string
  readonly step?: string
  readonly stepID?: readonly string[]
  readonly stepResult?: string
  readonly command?: string
  readonly name?: string
  readonly arg?: string
  readonly content?: string
}

function eventsOf(log: string): ActEvent[] {
  return log.split('\n').flatMap((line) => {
    try {
      return [JSON.parse(line) as ActEvent]
    } catch {
      return []
    }
  })
}

function runOf(code: number, events: readonly ActEvent[], stderr: string): ActRun {
  const of = (command: string): ActEvent[] => events.filter((event) => event.command === command)
  const ended = events.filter(({ stepResult, stage }) => stepResult && stage)
  return {
    code,
    jobs: Object.fromEntries(
      events.flatMap(({ jobID, jobResult }) => (jobID && jobResult ? [[jobID, jobResult]] : [])),
    ),
    steps: ended.map(({ jobID: job = '', stage = '', step = '', stepID, stepResult: result = '' }) => ({
      job,
      stage,
      step,
      id: stepID?.[0] ?? '',
      result,
    })),
    outputs: Object.fromEntries(
      of('set-output').map(({ jobID, stepID, name, arg = '' }) => [`${jobID}.${stepID?.[0]}.${name}`, arg]),
    ),
    summaries: of('summary').map(({ content = '' }) => content),
    log: `${events.map(({ jobID = '', msg = '' }) => `${jobID} ${msg}`).join('\n')}\n${stderr}`,
  }
}
