import { randomUUID } from 'node:crypto'
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { digestOf } from '@headgate/core'
import { expect, test } from 'vitest'
import { makeSpec } from '../../test/spec.ts'
import type { Executor, Job, Spec } from './port.ts'
import { type Ended, watch } from './watch.ts'

/** A real system to hold an executor against. */
export interface Bench {
  /** A client of its own, as another job or another machine has it. */
  readonly open: () => Promise<Executor>
  /** The Python there. */
  readonly python: string
  /** What the system cannot do, by the name of the test, with the reason that is printed. */
  readonly cannot?: Readonly<Record<string, string>>
}

/** What the jobs do, chosen by their parameters. Their last argument marks their processes on this machine. */
const program = `
import json, os, sys, time
params = json.load(open(os.environ['HEADGATE_PARAMS']))
output = os.environ['HEADGATE_OUTPUT']
kind = params['kind']
if kind == 'train':
    assert os.listdir(output) == [], 'the output folder is not empty'
    data = os.environ['HEADGATE_DATA'].split('\\n')
    rows = [open(path).read() for path in data] if not data[0].startswith('http') else data
    os.makedirs(output + '/model/deep')
    with open(output + '/model/deep/größe.bin', 'wb') as file: file.write(b'\\x00\\xff' * params['pairs'])
    open(output + '/model/empty', 'w').close()
    facts = {'rows': rows, 'run': os.environ['HEADGATE_RUN_ID'], 'alpha': os.environ.get('ALPHA'), 'token': os.environ.get('TOKEN'), 'params': params}
    json.dump(facts, open(output + '/predictions.ndjson', 'w'))
    print('trained', os.environ.get('TOKEN'))
if kind == 'fail':
    for number in range(60): print('line', number)
    print('no such column: späť', file=sys.stderr)
    sys.exit(3)
if kind == 'hang':
    print('waiting', flush=True)
    time.sleep(600)
if kind == 'eat':
    hoard = []
    while True: hoard.append(bytearray(16 * 1024 * 1024)); time.sleep(0.01)
if kind == 'talk':
    for number in range(params['lines']): print(f'{number} Zürich 木')
    print('x' * params['long'])
    print('end')
if kind == 'large':
    for name in ('a', 'b'):
        with open(output + '/' + name, 'wb') as file: file.truncate(999_999_997); file.seek(0, 2); file.write(b'end')
if kind == 'slow':
    for number in range(params['lines']): print(number, flush=True); time.sleep(0.05)
    os.makedirs(output + '/model'); open(output + '/model/m', 'w').write('m')
`

/** What every executor does. */
export function executorConformance(kind: string, bench: () => Promise<Bench>): void {
  const check = (name: string, body: (given: Bench) => Promise<void>): void =>
    test(`${kind}: ${name}`, async ({ skip }) => {
      const given = await bench()
      const reason = given.cannot?.[name]
      if (reason) console.log(`${kind}: ${name}: skipped, ${reason}`)
      skip(reason !== undefined, reason)
      await body(given)
    })

  check('a training gets its contract and its output comes back whole', async ({ open, python }) => {
    const executor = await open()
    const spec = specOf(python, { kind: 'train', pairs: 1000 }, { variables: { ALPHA: 'ä', TOKEN: 's3cr3t-token' } })
    const { job, lines, ended } = await runJob(executor, spec)
    expect(ended).toMatchObject({ state: 'succeeded' })
    const { model, key, runId } = spec
    expect(await executor.identify(job)).toMatchObject({ model, key, runId })
    expect(lines).toContain('trained s3cr3t-token')
    const into = await collected(executor, job, spec)
    const facts = JSON.parse(readFileSync(join(into, 'predictions.ndjson'), 'utf8'))
    expect(facts).toMatchObject({ run: spec.runId, alpha: 'ä', token: 's3cr3t-token', params: spec.params })
    if (executor.reads === 'files') expect(facts.rows).toEqual(['id\n1\n', 'id\n2\n'])
    expect(readFileSync(join(into, 'model/deep/größe.bin'))).toEqual(Buffer.alloc(2000, Buffer.from([0, 255])))
    expect(readFileSync(join(into, 'model/empty'), 'utf8')).toBe('')
    await executor.release(job)
  })

  check('failing code is told with its exit code and its last lines', async ({ open, python }) => {
    const executor = await open()
    const { job, ended } = await runJob(executor, specOf(python, { kind: 'fail' }))
    expect(ended).toMatchObject({ state: 'failed', exitCode: 3 })
    expect(ended.lastLines).toContain('line 59')
    expect(ended.lastLines).toContain('no such column: späť')
    await executor.release(job)
  })

  check('a job that outlasts its deadline is ended', async ({ open, python }) => {
    const executor = await open()
    const spec = specOf(python, { kind: 'hang' })
    const { job, ended } = await runJob(executor, spec, { deadlineAfterFirstLine: true })
    expect(ended).toMatchObject({ state: 'failed', cause: 'timeout' })
    await nothingRuns(spec)
    await executor.release(job)
  })

  check('a job that eats too much memory is ended, and known for it', async ({ open, python }) => {
    const executor = await open()
    const { job, ended } = await runJob(executor, specOf(python, { kind: 'eat' }, { memoryBytes: 200_000_000 }))
    expect(ended).toMatchObject({ state: 'failed', cause: 'memory' })
    await executor.release(job)
  })

  for (const moment of ['at once', 'while it runs'] as const)
    check(`a job that is cancelled ${moment} leaves nothing running`, async ({ open, python }) => {
      const executor = await open()
      const spec = specOf(python, { kind: 'hang' })
      const controller = new AbortController()
      const { job } = await executor.submit(spec)
      if (moment === 'at once') controller.abort(new Error('cancelled'))
      const following = watch(executor, job, {
        ...watching([]),
        onLine: () => controller.abort(new Error('cancelled')),
        signal: controller.signal,
      })
      await expect(following).rejects.toThrow('cancelled')
      await nothingRuns(spec)
    })

  check('jobs that are cancelled at any moments leave nothing running', async ({ open, python }) => {
    const executor = await open()
    for (let turn = 0; turn < 3; turn += 1) {
      const spec = specOf(python, { kind: 'hang' })
      const moment = Math.floor(Math.random() * 4000)
      console.log(`${kind}: cancelled ${moment} ms after its submission`)
      const { job } = await executor.submit(spec)
      const signal = AbortSignal.timeout(moment)
      await expect(watch(executor, job, { ...watching([]), signal })).rejects.toThrow()
      await nothingRuns(spec)
    }
  })

  check('2 GB of output come back within 300 MB of our memory', async ({ open, python }) => {
    const executor = await open()
    const spec = specOf(python, { kind: 'large' })
    const { job, ended } = await runJob(executor, spec)
    expect(ended).toMatchObject({ state: 'succeeded' })
    const before = process.memoryUsage.rss()
    let most = before
    const looking = setInterval(() => (most = Math.max(most, process.memoryUsage.rss())), 20)
    const into = await collected(executor, job, spec).finally(() => clearInterval(looking))
    const found = readdirSync(into).map((name) => [
      name,
      statSync(join(into, name)).size,
      lastBytes(join(into, name), 3),
    ])
    expect(found).toEqual(['a', 'b'].map((name) => [name, 1_000_000_000, 'end']))
    expect(most - before).toBeLessThan(300_000_000)
    await executor.release(job)
    rmSync(into, { recursive: true })
  })

  check('every line arrives, once and in order, with unicode and a very long one', async ({ open, python }) => {
    const executor = await open()
    const { job, lines } = await runJob(executor, specOf(python, { kind: 'talk', lines: 100_000, long: 10_000_000 }))
    const own = lines.slice(lines.indexOf('0 Zürich 木'))
    expect(own).toHaveLength(100_002)
    expect(own.findIndex((line, index) => index < 100_000 && line !== `${index} Zürich 木`)).toBe(-1)
    expect(own[100_000]).toHaveLength(10_000_000)
    expect(own[100_001]).toBe('end')
    await executor.release(job)
  })

  check('the same training submitted twice is one job, which another client attaches to', async ({ open, python }) => {
    const executor = await open()
    const spec = specOf(python, { kind: 'slow', lines: 40 })
    const first = await executor.submit(spec)
    const other = await open()
    const again = { ...spec, runId: 'another', output: mkdtempSync(join(tmpdir(), 'output-')) }
    const second = await other.submit(again)
    expect(second).toMatchObject({ isNew: false, runId: spec.runId })
    expect(await listed(other, spec)).toMatchObject([{ name: spec.name, labels: { runId: spec.runId } }])
    const lines: string[] = []
    const ended = await watch(other, JSON.parse(JSON.stringify(first.job)) as Job, watching(lines))
    expect(ended.state).toBe('succeeded')
    expect(lines.filter((line) => /^\d+$/.test(line))).toEqual(Array.from({ length: 40 }, (_, index) => String(index)))
    const into = mkdtempSync(join(tmpdir(), 'collected-'))
    await other.collect(second.job, into)
    expect(readFileSync(join(into, 'model/m'), 'utf8')).toBe('m')
    await other.release(second.job)
    expect(await listed(other, spec)).toEqual([])
  })

  check('a secret stands in no command line, and in nothing that a job is known by', async ({ open, python }) => {
    const executor = await open()
    const secret = `s3cr3t-${randomUUID()}`
    const spec = specOf(python, { kind: 'slow', lines: 20 }, { variables: { TOKEN: secret } })
    const seen = new Set<string>()
    const look = setInterval(() => commandLines().forEach((line) => void (line.includes(secret) && seen.add(line))), 10)
    try {
      const { job } = await runJob(executor, spec)
      expect(JSON.stringify([job, await listed(executor, spec)])).not.toContain(secret)
      await executor.release(job)
    } finally {
      clearInterval(look)
    }
    expect([...seen]).toEqual([])
  })

  check('a log is taken up where it was left', async ({ open, python }) => {
    const executor = await open()
    const { job, lines } = await runJob(executor, specOf(python, { kind: 'talk', lines: 50, long: 1 }))
    const rest: string[] = []
    await (await open()).follow(job, lines.length - 10, (line) => rest.push(line), new AbortController().signal)
    expect(rest).toEqual(lines.slice(-10))
    await executor.release(job)
  })

  check('a training that failed is started anew by the next submission', async ({ open, python }) => {
    const executor = await open()
    const spec = specOf(python, { kind: 'fail' })
    await runJob(executor, spec)
    const { job, isNew } = await executor.submit({ ...spec, runId: 'second' })
    expect(isNew).toBe(true)
    const ended = await watch(executor, job, watching([]))
    expect(ended).toMatchObject({ state: 'failed', exitCode: 3 })
    await executor.release(job)
  })
}

function specOf(python: string, params: Record<string, string | number>, more: Partial<Spec> = {}): Spec {
  const folder = mkdtempSync(join(tmpdir(), 'executor-'))
  const output = mkdtempSync(join(tmpdir(), 'output-'))
  mkdirSync(join(folder, 'data'))
  writeFileSync(join(folder, 'job.py'), program)
  const data = ['1', '2'].map((id) => {
    const location = join(folder, 'data', `${id}.csv`)
    writeFileSync(location, `id\n${id}\n`)
    return { location, digest: digestOf(`id\n${id}\n`) }
  })
  const token = randomUUID()
  return makeSpec({
    name: `headgate-conformance-${token.slice(0, 12)}`,
    model: 'conformance',
    runId: `run-${token.slice(0, 8)}`,
    argv: [python, 'job.py', `token-${token}`],
    folder,
    files: ['job.py'],
    params,
    data,
    output,
    inherited: { PATH: process.env.PATH ?? '' },
    secretNames: Object.keys(more.variables ?? {}).filter((name) => name === 'TOKEN'),
    ...more,
  })
}

function lastBytes(path: string, count: number): string {
  const [file, bytes] = [openSync(path, 'r'), Buffer.alloc(count)]
  readSync(file, bytes, 0, count, statSync(path).size - count)
  closeSync(file)
  return bytes.toString('utf8')
}

type Watching = Parameters<typeof watch>[2]

function watching(lines: string[]): Watching {
  const signal = new AbortController().signal
  const onLine = (line: string): void => void lines.push(line)
  return { onLine, tell: console.log, hide: (line) => line, deadline: undefined, signal }
}

async function runJob(
  executor: Executor,
  spec: Spec,
  { deadlineAfterFirstLine = false } = {},
): Promise<{ job: Job; lines: string[]; ended: Ended }> {
  const lines: string[] = []
  const { job } = await executor.submit(spec)
  if (deadlineAfterFirstLine) {
    const stop = new AbortController()
    const print = (): void => stop.abort()
    while (!stop.signal.aborted) await executor.follow(job, 0, print, stop.signal)
  }
  const deadline = deadlineAfterFirstLine ? Date.now() : undefined
  const ended = await watch(executor, job, { ...watching(lines), deadline })
  return { job, lines, ended }
}

async function collected(executor: Executor, job: Job, spec: Spec): Promise<string> {
  const into = executor.isLasting ? mkdtempSync(join(tmpdir(), 'collected-')) : spec.output
  await executor.collect(job, into)
  return into
}

async function listed(executor: Executor, spec: Spec) {
  return (await executor.list(spec.model)).filter(({ name }) => name === spec.name)
}

/** Looks for the job's processes on this machine, where all of these systems run them. */
async function nothingRuns({ argv }: Spec): Promise<void> {
  const token = argv.at(-1) ?? ''
  const found = (): string[] => commandLines().filter((line) => line.includes(token))
  await expect.poll(found, { timeout: 10_000 }).toEqual([])
}

function commandLines(): string[] {
  return readdirSync('/proc')
    .filter((pid) => /^\d+$/.test(pid))
    .map(commandLine)
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  } catch {
    return ''
  }
}
