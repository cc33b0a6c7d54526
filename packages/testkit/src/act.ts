// Runs a workflow with the real act on this machine (no containers) and returns its JSON log as data.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

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

export async function runAct(options: ActOptions): Promise<ActRun> {
  const home = mkdtempSync(join(tmpdir(), 'headgate-act-'))
  const pairs = (flag: string, record: Record<string, string> = {}): string[] =>
    Object.entries(record).flatMap(([key, value]) => [flag, `${key}=${value}`])
  const payload = join(home, 'event.json')
  if (options.payload !== undefined) writeFileSync(payload, JSON.stringify(options.payload))
  const cacheIsOurs = options.env?.ACTIONS_CACHE_SERVICE_V2 !== undefined
  const args = [
    options.event ?? 'push',
    '-C',
    options.directory,
    '-W',
    options.workflow,
    '--json',
    '-P',
    'ubuntu-latest=-self-hosted',
    '-P',
    'self-hosted=-self-hosted',
    '--action-cache-path',
    join(home, 'cache'),
    ...(cacheIsOurs
      ? ['--no-cache-server']
      : ['--cache-server-addr', '127.0.0.1', '--cache-server-path', join(home, 'caches')]),
    ...(options.job ? ['-j', options.job] : []),
    ...(options.payload === undefined ? [] : ['-e', payload]),
    ...pairs('--env', options.env),
    ...pairs('-s', options.secrets),
    ...pairs('--input', options.inputs),
    ...pairs('--local-repository', options.repositories),
  ]
  // act asks HOME for its settings and PATH for node: both are ours.
  const child = spawn(options.act, args, {
    env: {
      PATH: [dirname(process.execPath), ...(options.path ?? []), process.env.PATH].join(':'),
      HOME: home,
      XDG_CONFIG_HOME: home,
      XDG_CACHE_HOME: home,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  child.stdout.setEncoding('utf8')
  child.stderr.setEncoding('utf8')
  let out = ''
  let err = ''
  child.stdout.on('data', (part) => {
    out += part
  })
  child.stderr.on('data', (part) => {
    err += part
  })
  const code = await new Promise<number>((done) => child.on('close', (value) => done(value ?? -1)))
  rmSync(home, { recursive: true, force: true })
  const events = `${out}\n${err}`.split('\n').flatMap((line) => {
    try {
      return [JSON.parse(line)]
    } catch {
      return []
    }
  })
  return {
    code,
    jobs: Object.fromEntries(events.filter((e) => e.jobResult).map((e) => [e.jobID, e.jobResult])),
    steps: events
      .filter((e) => e.stepResult && e.stage)
      .map((e) => ({ job: e.jobID, stage: e.stage, step: e.step, id: e.stepID?.[0] ?? '', result: e.stepResult })),
    outputs: Object.fromEntries(
      events.filter((e) => e.command === 'set-output').map((e) => [`${e.jobID}.${e.stepID?.[0]}.${e.name}`, e.arg]),
    ),
    summaries: events.filter((e) => e.command === 'summary').map((e) => e.content),
    log: `${events.map((e) => `${e.jobID ?? ''} ${e.msg ?? ''}`).join('\n')}\n${err}`,
  }
}
