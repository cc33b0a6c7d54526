// Trainings that use Spark, to hold the executor against what happens to them.
import { randomUUID } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { Executor, Job, Spec } from '../../../actions/train/src/executors/port.ts'
import { type Ended, watch } from '../../../actions/train/src/executors/watch.ts'
import { makeSpec } from '../../../actions/train/test/spec.ts'
import { makeStateFolder } from '../folders.ts'

/** Counts by an executor, without Spark’s SQL, which takes long to start, and does what its parameters say. Its last argument marks its processes. */
const program = `import json, os, signal, sys, time, urllib.request
params = json.load(open(os.environ['HEADGATE_PARAMS']))
if params['next'] == 'be killed':
    os.kill(os.getpid(), signal.SIGKILL)
if params['next'] == 'sleep':
    time.sleep(300)
from pyspark import SparkContext
spark = SparkContext.getOrCreate()
def look():
    page = spark.uiWebUrl + '/api/v1/applications/' + spark.applicationId + '/environment'
    shown = urllib.request.urlopen(page).read().decode()
    arguments = [open('/proc/' + pid + '/cmdline').read() for pid in os.listdir('/proc') if pid.isdigit() and os.path.exists('/proc/' + pid)]
    seen = {'token': os.environ['TOKEN'], 'alpha': os.environ['ALPHA'], 'shown': shown, 'arguments': arguments}
    json.dump(seen, open(os.environ['HEADGATE_OUTPUT'] + '/seen.json', 'w'))
print('counted', spark.parallelize(range(100), 1).count(), flush=True)
if params['next'] == 'hang':
    time.sleep(300)
if params['next'] == 'eat the heap':
    spark._gateway.new_array(spark._jvm.long, 250_000_000)
if params['next'] == 'wait':
    look()
    while not os.path.exists(params['for']):
        print('waits', flush=True)
        time.sleep(0.1)
    print('counted again', spark.parallelize(range(100), 1).count(), flush=True)
`

export interface Wanted {
  readonly next: 'be killed' | 'sleep' | 'hang' | 'eat the heap' | 'wait'
  readonly for?: string
}

export function specOf(python: string, params: Wanted, more: Partial<Spec> = {}): Spec {
  const folder = makeStateFolder('tree')
  const token = randomUUID()
  writeFileSync(join(folder, 'job.py'), program)
  return makeSpec({
    name: `headgate-spark-${token.slice(0, 12)}`,
    model: 'spark',
    runId: `run-${token.slice(0, 8)}`,
    argv: [python, 'job.py', `token-${token}`],
    folder,
    files: ['job.py'],
    params: { ...params },
    output: makeStateFolder('output'),
    ...more,
  })
}

export interface Followed {
  readonly job: Job
  readonly lines: string[]
  readonly ended: Promise<Ended>
  /** Done when it has printed a line that begins so. */
  printed(start: string): Promise<void>
  readonly cancel: () => void
}

/** Submits a training and follows it. */
export async function follow(executor: Executor, spec: Spec): Promise<Followed> {
  const { job } = await executor.submit(spec)
  const lines: string[] = []
  const waiting: { start: string; resolve: () => void }[] = []
  const controller = new AbortController()
  const onLine = (line: string): void => {
    lines.push(line)
    for (const { start, resolve } of waiting) if (line.startsWith(start)) resolve()
  }
  const options = { onLine, tell: console.log, hide: (line: string) => line, deadline: undefined }
  const ended = watch(executor, job, { ...options, signal: controller.signal })
  ended.catch(() => undefined)
  const printed = async (start: string): Promise<void> => {
    const found = new Promise<void>((resolve) => {
      waiting.push({ start, resolve })
      if (lines.some((line) => line.startsWith(start))) resolve()
    })
    const over = ended.then(
      ({ lastLines }) => Promise.reject(new Error(`it ended before it printed ${start}:\n${lastLines.join('\n')}`)),
      () => Promise.reject(new Error(`it was cancelled before it printed ${start}`)),
    )
    await Promise.race([found, over])
  }
  return { job, lines, ended, printed, cancel: () => controller.abort(new Error('cancelled')) }
}

/** The processes on this machine whose arguments hold the text. */
export function processesWith(text: string): number[] {
  const pids = readdirSync('/proc').filter((pid) => /^\d+$/.test(pid))
  return pids.filter((pid) => commandLine(pid).includes(text)).map(Number)
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
  } catch {
    return ''
  }
}

/** Waits until neither the command, nor Spark’s Java of it, nor an executor of the master runs. */
export async function nothingRuns(spec: Spec, master?: string): Promise<void> {
  const texts = [spec.argv.at(-1) ?? '', spec.name, ...(master ? ['CoarseGrainedExecutorBackend'] : [])]
  const found = (): number[] => texts.flatMap(processesWith)
  await expect.poll(found, { timeout: 10_000 }).toEqual([])
}
