import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, test } from 'vitest'
import { describeSystem } from '../describe-system.ts'
import { type Mlflow, type Options, prepare, start, versions } from './start.ts'

/** A real MLflow server to test against, and its own Python client. */
export interface Server {
  readonly title: string
  /** What the user sets: the address, and credentials where it wants some. */
  readonly environment: Readonly<Record<string, string>>
  readonly major: 2 | 3
  /** The Python that has the same MLflow, and scikit-learn. */
  readonly interpreter: string
  /** Runs Python with MLflow's client connected; what it prints as JSON comes back. `arguments` are in `a`. */
  readonly python: (program: string, a?: unknown) => Promise<never>
}

const everyKind = versions.flatMap((version) => [false, true].map((basicAuth) => ({ version, basicAuth })))

/**
 * Both versions, with and without passwords, for the tests of one file; they end after it. None where MLflow cannot be
 * had: then a skipped test says why.
 */
export async function servers(kinds: readonly Options[] = everyKind): Promise<readonly Server[]> {
  const missing = await prepare()
  describeSystem('mlflow', missing, () => void test('is there', () => undefined))
  if (missing !== undefined) return []
  const started: Mlflow[] = []
  afterAll(async () => void (await Promise.all(started.map((mlflow) => mlflow.stop()))))
  const all = await Promise.allSettled(kinds.map(async (kind) => started.push(await start(kind))))
  for (const one of all) if (one.status === 'rejected') throw one.reason
  return started.map(serverOf)
}

function serverOf({ version, address, user, commands, environment }: Mlflow): Server {
  const credentials = user ? { MLFLOW_TRACKING_USERNAME: user.name, MLFLOW_TRACKING_PASSWORD: user.password } : {}
  const interpreter = join(commands, 'python')
  return {
    title: `MLflow ${version}${user ? ' with passwords' : ''}`,
    major: version === '3' ? 3 : 2,
    environment: { MLFLOW_TRACKING_URI: address, ...credentials },
    interpreter,
    python: startPython(interpreter, environment),
  }
}

const reader = `
import json, math, os, sys
import mlflow
from mlflow import MlflowClient
client = MlflowClient()
answers = []
answer = answers.append
for line in sys.stdin:
    program, a = json.loads(line)
    try:
        exec(program, {**globals(), 'a': a})
        print('answer ' + json.dumps(answers.pop() if answers else None), flush=True)
    except BaseException as error: print('failed ' + json.dumps(repr(error)), flush=True)
`

/** One interpreter for all that is asked of a server: MLflow takes seconds to import. */
function startPython(interpreter: string, environment: Readonly<Record<string, string>>): Server['python'] {
  let asked: Promise<unknown> = Promise.resolve()
  let lines: AsyncIterator<string> | undefined
  let input: NodeJS.WritableStream | undefined
  const start = (): void => {
    const quiet = {
      MLFLOW_DISABLE_TELEMETRY: 'true',
      GIT_PYTHON_REFRESH: 'quiet',
      MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR: '0',
    }
    const env = { ...environment, ...quiet }
    const child = spawn(interpreter, ['-c', reader], { env, stdio: ['pipe', 'pipe', 'inherit'] })
    process.once('exit', () => child.kill())
    child.unref()
    input = child.stdin
    lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  }
  const ask = async (program: string, a: unknown): Promise<never> => {
    if (lines === undefined) start()
    input?.write(`${JSON.stringify([program, a])}\n`)
    for (;;) {
      const { value, done } = (await lines?.next()) ?? { value: '', done: true }
      if (done) throw new Error('Python ended')
      if (value.startsWith('failed ')) throw new Error(JSON.parse(value.slice('failed '.length)))
      if (value.startsWith('answer ')) return JSON.parse(value.slice('answer '.length)) as never
    }
  }
  return (program, a = null) => {
    const answered = asked.then(() => ask(program, a))
    asked = answered.catch(() => undefined)
    return answered
  }
}
