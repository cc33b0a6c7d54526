// A repository of the smallest kind that goes the whole way: sixty rows, a contract, a training of one line.
import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'

const command = join(import.meta.dirname, '../../apps/cli/bin/headgate.js')

const homes: string[] = []

afterAll(() => {
  for (const home of homes) rmSync(home, { recursive: true, force: true })
})

/** A folder that is removed when the file's tests are done. */
export function makeHome(): string {
  const home = mkdtempSync(join(tmpdir(), 'headgate-loop-'))
  homes.push(home)
  return home
}

/** The files that a test replaces, by name. */
export type Files = Readonly<Record<string, string>>

export interface Repository {
  readonly folder: string
  readonly remote: string
  /** Where documents are. */
  readonly work: string
  git(...words: string[]): string
  write(files: Files): void
  commit(message: string): void
}

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

const rows = Array.from({ length: 60 }, (_, index) => ({ id: `r${index}`, x: index, label: index % 2 }))

/** The held-out rows as CSV: `id`, `x` and `label`, which is 0 and 1 in turn. */
export const table = `id,x,label\n${rows.map(({ id, x, label }) => `${id},${x},${label}`).join('\n')}\n`

export const settings = `models:
  tiny:
    test-data: test.csv
    id: id
    label: label
    prediction: prediction
    positive: "1"
    validate-data:
      data: train.csv
      contract: contract.yaml
    train:
      run: [node, train.mjs]
      code: [train.mjs]
    evaluate-gate:
      bootstrap: true
      policy:
        - { metric: accuracy, min: 0.6 }
    register-model:
      bump: minor
      store: directory:../store
`

const contract = `apiVersion: v3.1.0
kind: DataContract
id: tiny
name: Tiny
version: 1.0.0
status: active
schema:
  - name: rows
    logicalType: object
    properties:
      - name: id
        logicalType: string
        required: true
        unique: true
      - name: x
        logicalType: integer
        required: true
      - name: label
        logicalType: integer
        required: true
`

/** Trains by counting its runs in \`../trained\`, so that a test can tell a training from a reused one. */
export const training = `import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
const output = process.env.HEADGATE_OUTPUT
appendFileSync('../trained', process.env.HEADGATE_RUN_ID + '\\n')
mkdirSync(output + '/model', { recursive: true })
writeFileSync(output + '/model/weights.json', '{"odd":1}')
const [, ...lines] = readFileSync('test.csv', 'utf8').trim().split('\\n')
const predictions = lines.map((line) => line.split(',')).map(([id, x]) => id + ',' + (x % 2))
writeFileSync(output + '/predictions.csv', 'id,prediction\\n' + predictions.join('\\n') + '\\n')
`

const files: Files = {
  'headgate.yml': settings,
  'contract.yaml': contract,
  'train.mjs': training,
  'train.csv': table,
  'test.csv': table,
  '.gitignore': '.headgate/\n',
}

/** A committed repository in a folder of its own, pushed to a bare one beside it. */
export function makeRepository(changed: Files = {}): Repository {
  const home = makeHome()
  const folder = join(home, 'repository')
  const remote = join(home, 'remote.git')
  for (const [path, ...flags] of [[remote, '--bare'], [folder]] as const) {
    execFileSync('git', ['init', '-q', '-b', 'main', ...flags, path])
  }
  const git = (...words: string[]) =>
    execFileSync('git', ['-C', folder, ...words], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim()
  const write = (changes: Files) => {
    for (const [name, text] of Object.entries(changes)) writeFileSync(join(folder, name), text)
  }
  const commit = (message: string) => {
    git('add', '-A')
    git('commit', '-qm', message)
    git('push', '-q', 'origin', 'HEAD')
  }
  git('config', 'user.name', 'Test')
  git('config', 'user.email', 'test@headgate.invalid')
  git('remote', 'add', 'origin', remote)
  write({ ...files, ...changed })
  commit('Start')
  return { folder, remote, work: join(folder, '.headgate/tiny'), git, write, commit }
}

/** The environment without any CI's variables, so that a run here is the same on a laptop and in CI. */
function laptop(): NodeJS.ProcessEnv {
  const ofCi = /^(CI$|CI_|GITHUB_|GITLAB_|ACTIONS_|RUNNER_|INPUT_|HEADGATE_|JENKINS_|GITEA_|FORGEJO_)/
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !ofCi.test(name)))
}

export interface Running {
  readonly env?: NodeJS.ProcessEnv
  /** Milliseconds until it is killed. */
  readonly killAfter?: number
  /** Gets what ends it by a signal, at a moment that is known elsewhere. */
  readonly onStart?: (end: (signal: NodeJS.Signals) => void) => void
}

/** Runs the command line in the repository; with \`killAfter\`, ends it and all it started after so many milliseconds. */
export function headgate(
  { folder }: Pick<Repository, 'folder'>,
  words: readonly string[],
  { env = {}, killAfter, onStart }: Running = {},
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [command, ...words], {
      cwd: folder,
      env: { ...laptop(), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const said = { stdout: '', stderr: '' }
    child.stdout.setEncoding('utf8').on('data', (text: string) => (said.stdout += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said.stderr += text))
    onStart?.((signal) => void child.kill(signal))
    const timer = killAfter === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), killAfter)
    child.once('error', reject)
    child.once('close', (code, signal) => {
      clearTimeout(timer)
      resolve({ code, signal, ...said })
    })
  })
}

/** The names of the documents in the work folder. */
export function documentsOf({ work }: Pick<Repository, 'work'>): string[] {
  return existsSync(work) ? readdirSync(work).filter((name) => name.endsWith('.json')) : []
}

export function readDocument({ work }: Pick<Repository, 'work'>, name: string): Record<string, unknown> {
  return JSON.parse(readFileSync(join(work, name), 'utf8')) as Record<string, unknown>
}
