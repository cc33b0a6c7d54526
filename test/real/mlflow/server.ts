import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

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

interface Known {
  readonly title: string
  /** The variable with the address; with user-info where the server wants some. */
  readonly variable: string
  /** The variable with the interpreter that has the same MLflow. */
  readonly interpreter: string
  readonly major: 2 | 3
}

const known: readonly Known[] = [
  { title: 'MLflow 3', variable: 'HEADGATE_TEST_MLFLOW3', interpreter: 'HEADGATE_TEST_MLFLOW3_PYTHON', major: 3 },
  { title: 'MLflow 2', variable: 'HEADGATE_TEST_MLFLOW2', interpreter: 'HEADGATE_TEST_MLFLOW2_PYTHON', major: 2 },
  {
    title: 'MLflow 3 with basic auth',
    variable: 'HEADGATE_TEST_MLFLOW3_AUTH',
    interpreter: 'HEADGATE_TEST_MLFLOW3_PYTHON',
    major: 3,
  },
]

/** The servers that the environment names. What is missing is printed. */
export function servers(): Server[] {
  return known.flatMap((one) => {
    const [address, python] = [process.env[one.variable], process.env[one.interpreter]]
    if (address && python) return [serverOf(one, address, python)]
    console.log(`${one.title}: skipped, since ${address ? one.interpreter : one.variable} is not set.`)
    return []
  })
}

function serverOf({ title, major }: Known, address: string, python: string): Server {
  const url = new URL(address)
  const environment = {
    MLFLOW_TRACKING_URI: url.origin,
    ...(url.username === ''
      ? {}
      : { MLFLOW_TRACKING_USERNAME: url.username, MLFLOW_TRACKING_PASSWORD: decodeURIComponent(url.password) }),
  }
  return { title, major, environment, interpreter: python, python: startPython(python, environment) }
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
    const env = { PATH: process.env.PATH, HOME: process.env.HOME, ...quiet, ...environment }
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
