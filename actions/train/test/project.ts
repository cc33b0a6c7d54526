import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { EventKind } from '@headgate/core'
import { lineLog } from '@headgate/testkit'
import { z } from 'zod'
import { processExecutor } from '../src/executors/process/executor.ts'
import type { Ports } from '../src/ports.ts'
import type { run } from '../src/run.ts'
import { stage } from '../src/stage.ts'

/** Trains by what its parameters say. */
export const trainer = `
const { mkdirSync, writeFileSync, readFileSync, readdirSync } = require('node:fs')
const output = process.env.HEADGATE_OUTPUT
if (readdirSync(output).length > 0) throw new Error('the output folder is not empty')
const params = JSON.parse(readFileSync(process.env.HEADGATE_PARAMS, 'utf8'))
console.log('data ' + process.env.HEADGATE_DATA.split('\\n').length, process.env.HEADGATE_RUN_ID, 'Zürich', process.env.TOKEN ?? '')
if (params.fail) { console.error('no such column: späť'); process.exit(3) }
if (params.hang) { console.log('pid ' + process.pid); setInterval(() => {}, 1000) }
else {
  if (params.forget !== 'model') { mkdirSync(output + '/model'); writeFileSync(output + '/model/model.json', JSON.stringify(params)) }
  if (params.forget !== 'predictions') writeFileSync(output + '/predictions.csv', 'id,score\\n1,0.5\\n')
  writeFileSync(output + '/metrics.json', '{"auc": 0.7, "loss": NaN, "by": {"note": "NaN", "f1": -Infinity}}')
}
`

/** A committed project of two data files and a training. */
export function makeProject(): string {
  const root = mkdtempSync(join(tmpdir(), 'train-'))
  mkdirSync(join(root, 'data'))
  writeFileSync(join(root, 'train.cjs'), trainer)
  writeFileSync(join(root, 'data', 'a.csv'), 'id\n1\n')
  writeFileSync(join(root, 'data', 'b.csv'), 'id\n2\n')
  writeFileSync(join(root, 'requirements.txt'), 'scikit-learn==1.5.0\n')
  writeFileSync(join(root, '.gitignore'), '.headgate/\n')
  const git = (...args: string[]) => execFileSync('git', args, { cwd: root, stdio: 'ignore' })
  git('init', '-q')
  git('add', '.')
  git('-c', 'user.name=Ada', '-c', 'user.email=ada@localhost', 'commit', '-q', '-m', 'begin')
  return root
}

export function settingsOf(root: string, more: Record<string, unknown> = {}): Parameters<typeof run>[0] {
  const given = { run: [process.execPath, 'train.cjs'], data: 'data/*.csv', ...more }
  const common = { config: 'headgate.yml', model: 'm', workFolder: join(root, '.headgate/m'), failOn: 'inconclusive' }
  const rest = { dryRun: false, logLevel: 'info', comment: true, handOver: 'artifact' }
  return { ...z.object(stage.settings.shape).parse(given), ...common, ...rest } as Parameters<typeof run>[0]
}

/** A laptop's, whose work folder is its own. */
export function contextOf(event: EventKind): Ports['context'] {
  return { runner: 'local', event, branch: 'main', defaultBranch: 'main' }
}

/** Ports of a laptop; what is told comes into `lines`. */
export function portsOf(root: string, lines: string[] = [], more: Partial<Ports> = {}): Ports {
  const tell = (message: string): void => void lines.push(message)
  const log = lineLog(tell)
  return {
    executor: processExecutor(tmpdir()),
    tracking: undefined,
    cache: undefined,
    machine: null,
    pastTrainings: async () => [],
    log,
    workspace: root,
    downloads: mkdtempSync(join(tmpdir(), 'train-downloads-')),
    gitToken: undefined,
    temporary: mkdtempSync(join(tmpdir(), 'train-temporary-')),
    commit: execFileSync('git', ['rev-parse', 'HEAD'], { cwd: root, encoding: 'utf8' }).trim(),
    context: contextOf('push'),
    held: {},
    ciRun: null,
    ciAttempt: 1,
    runState: undefined,
    labels: [],
    environment: {},
    secrets: [],
    publish: async () => {},
    keep: () => {},
    signal: new AbortController().signal,
    now: () => new Date(),
    ...more,
  }
}
