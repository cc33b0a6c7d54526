import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdtempSync, readdirSync, writeFileSync } from 'node:fs'
import { copyFile } from 'node:fs/promises'
import { connect, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { digestOf } from '@headgate/core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { executorConformance } from '../../../actions/train/src/executors/conformance.ts'
import { dockerExecutor } from '../../../actions/train/src/executors/docker/executor.ts'
import { dockerSettings } from '../../../actions/train/src/executors/docker/settings.ts'
import type { Executor, Spec } from '../../../actions/train/src/executors/port.ts'
import { watch } from '../../../actions/train/src/executors/watch.ts'
import { makeSpec } from '../../../actions/train/test/spec.ts'
import { describeSystem } from '../describe-system.ts'
import { makeStateFolder } from '../folders.ts'
import { pythonImage } from './images.ts'
import { type Docker, prepare, start } from './start.ts'

const program = `
import os, sys, time
for number in range(40): print(number, flush=True); time.sleep(0.05)
os.makedirs(os.environ['HEADGATE_OUTPUT'] + '/model'); print('done')
`
/** Counts until it gets the signal: Docker loses what a container that ends while there is no daemon has left to say. */
const patient = `
import itertools, os, signal, time
told = []
signal.signal(signal.SIGUSR1, lambda *_: told.append(True))
for number in itertools.count():
    print(number, flush=True); time.sleep(0.05)
    if told: break
os.makedirs(os.environ['HEADGATE_OUTPUT'] + '/model'); print('done')
`
const watching = { tell: () => undefined, hide: (line: string) => line, deadline: undefined }

function specOf(more: Partial<Spec> = {}): Spec {
  const folder = mkdtempSync(join(tmpdir(), 'executor-'))
  writeFileSync(join(folder, 'job.py'), program)
  writeFileSync(join(folder, 'data.csv'), 'id\n1\n')
  const id = randomUUID().slice(0, 12)
  const runId = `run-${id}`
  return makeSpec({
    name: `headgate-own-${id}`,
    model: 'own',
    runId,
    argv: ['python3', 'job.py'],
    folder,
    files: ['job.py'],
    data: [{ location: join(folder, 'data.csv'), digest: digestOf('id\n1\n') }],
    output: mkdtempSync(join(tmpdir(), 'output-')),
    labels: { runId, commit: 'c0ffee', deadline: null, isDetached: false, ciRun: '7' },
    ...more,
  })
}

function openExecutor(
  docker: Docker,
  settings: Record<string, unknown> = {},
  environment: Record<string, string> = {},
): Promise<Executor> {
  const folder = mkdtempSync(join(tmpdir(), 'executor-'))
  return dockerExecutor({
    settings: dockerSettings.parse({ image: pythonImage, ...settings }),
    workspace: folder,
    temporary: join(folder, 'temporary'),
    environment: { ...docker.environment, ...environment },
    tell: () => undefined,
    onBuildLine: () => undefined,
  })
}

async function tarOf(folder: string): Promise<string> {
  await promisify(execFile)('tar', ['-C', folder, '-cf', `${folder}.tar`, '.'])
  return `${folder}.tar`
}

const proxies: Server[] = []

/** The daemon at a port of this machine, as one of another is reached. @returns the port. */
async function proxy(address: string): Promise<number> {
  const server = createServer((socket) => {
    const daemon = connect(address.replace('unix://', ''))
    for (const one of [socket, daemon]) one.on('error', () => undefined)
    socket.pipe(daemon).pipe(socket)
  })
  proxies.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const at = server.address()
  return at !== null && typeof at === 'object' ? at.port : 0
}
afterAll(() => proxies.forEach((server) => void server.close()))

describeSystem('docker', await prepare(), () => {
  let docker: Docker

  beforeAll(async () => {
    docker = await start()
  })
  afterAll(() => docker?.stop())

  const open = (settings: Record<string, unknown> = {}, environment: Record<string, string> = {}): Promise<Executor> =>
    openExecutor(docker, settings, environment)

  executorConformance('docker', async () => ({ open: () => open(), python: 'python3' }))

  test('nothing is left of all of these trainings', async () => {
    expect(await docker.docker('ps', '--all', '--quiet')).toBe('')
  })

  /** Runs Python in a container, and returns what it printed and how it ended. */
  async function python(executor: Executor, code: string, more: Partial<Spec> = {}) {
    const { job } = await executor.submit(specOf({ argv: ['python3', '-c', code], ...more }))
    const lines: string[] = []
    const signal = new AbortController().signal
    const ended = await watch(executor, job, { ...watching, signal, onLine: (line) => lines.push(line) })
    await executor.release(job)
    return { lines, ended }
  }

  test('work tree and data cannot be written, home and shared memory can; peak memory is told', async () => {
    const code = `
import getpass, os, time
for path in ('/headgate/work/new', os.environ['HEADGATE_DATA']):
    try: open(path, 'a'); print('written', path)
    except OSError as error: print(error.strerror)
open(os.path.expanduser('~/mine'), 'w'); print(getpass.getuser())
print(os.statvfs('/dev/shm').f_blocks * os.statvfs('/dev/shm').f_frsize)
hoard = bytearray(100_000_000); time.sleep(2)`
    const { lines, ended } = await python(await open({ sharedMemory: '256MB' }), code)
    expect(lines).toEqual(['Read-only file system', 'Read-only file system', 'headgate', '256000000'])
    expect(ended.peakMemoryBytes).toBeGreaterThan(100_000_000)
    expect(ended.peakMemoryBytes).toBeLessThan(200_000_000)
  })

  test('with `writable` the work tree may be written, and the data still not', async () => {
    const spec = specOf()
    const code = `
import os
open('made', 'w')
try: open(os.environ['HEADGATE_DATA'], 'a'); print('written')
except OSError as error: print(error.strerror)`
    const { lines } = await python(await open({ writable: true }), code, { folder: spec.folder, data: spec.data })
    expect(lines).toEqual(['Read-only file system'])
    expect(readdirSync(spec.folder).sort()).toEqual(['data.csv', 'job.py', 'made'])
  })

  test('variables of many lines, and those that would steer the command, come as they are', async () => {
    const variables = {
      KEY: 'a\n"b" #c',
      DOCKER_HOST: 'tcp://nowhere:1',
      PATH: '/usr/bin:/bin:/own',
      QUOTED: ' "x" \'y\' $HOME ',
    }
    const code = `import json, os; print(json.dumps({name: os.environ[name] for name in ${JSON.stringify(Object.keys(variables))}}))`
    const { lines } = await python(await open(), code, { variables })
    expect(JSON.parse(lines[0] ?? '')).toEqual(variables)
  })

  test('who the command is follows `user`', async () => {
    const code = 'import os; print(os.getuid(), os.getgid(), os.environ["HOME"])'
    expect((await python(await open({ user: '1234:77' }), code)).lines).toEqual(['1234 77 /headgate/home'])
    expect((await python(await open({ user: 'nobody' }), code)).lines[0]).toMatch(/^65534 /)
    expect((await python(await open({ user: 'image' }), code)).lines).toEqual(['0 0 /root'])
  })

  test('an image without a shell runs its command all the same', async () => {
    const folder = makeStateFolder('bare')
    await copyFile('/bin/busybox', join(folder, 'busybox'))
    await docker.docker('import', '--change', 'CMD ["/busybox"]', await tarOf(folder), 'headgate/bare:real')
    const executor = await open({ image: 'headgate/bare:real' })
    const { job } = await executor.submit(specOf({ argv: ['/busybox', 'echo', 'bare'] }))
    const lines: string[] = []
    const signal = new AbortController().signal
    const ended = await watch(executor, job, { ...watching, signal, onLine: (line) => lines.push(line) })
    expect({ ...ended, lines }).toMatchObject({ state: 'succeeded', lines: ['bare'] })
    await executor.release(job)
  })

  test('of three that submit at once, one starts the training and the others take it over', async () => {
    const executors = await Promise.all([open(), open(), open()])
    const spec = specOf()
    const submitted = await Promise.all(executors.map((executor) => executor.submit(spec)))
    expect(new Set(submitted.map(({ job }) => job.id)).size).toBe(1)
    expect(submitted.filter(({ isNew }) => isNew)).toHaveLength(1)
    expect(await docker.docker('ps', '--all', '--quiet')).toMatch(/^[0-9a-f]{12}$/)
    const [executor] = executors
    await executor?.cancel(submitted[0]?.job ?? {})
    await executor?.release(submitted[0]?.job ?? {})
  })

  test('a handle of another daemon is told from a container that is gone', async () => {
    const executor = await open()
    const { job } = await executor.submit(specOf())
    await executor.cancel(job)
    await executor.release(job)
    expect(await executor.status(job)).toMatchObject({ state: 'failed', cause: 'lost' })
    await expect(executor.status({ ...job, engine: 'another' })).rejects.toThrow(/another engine[\s\S]*DOCKER_HOST/)
  })

  test('where the daemon does not see our files, they are copied', async () => {
    const executor = await open({}, { DOCKER_HOST: `tcp://127.0.0.1:${await proxy(docker.address)}` })
    const elsewhere = mkdtempSync(join(tmpdir(), 'elsewhere-'))
    writeFileSync(join(elsewhere, 'far.csv'), 'id\n9\n')
    const spec = specOf()
    const data = [...spec.data, { location: join(elsewhere, 'far.csv'), digest: digestOf('id\n9\n') }]
    const code =
      "import json, os; print(json.dumps([[open(path).read() for path in os.environ['HEADGATE_DATA'].split(chr(10))], sorted(os.listdir())]))"
    const { lines } = await python(executor, code, { folder: spec.folder, data, output: '/nowhere/output' })
    expect(JSON.parse(lines[0] ?? '')).toEqual([
      ['id\n1\n', 'id\n9\n'],
      ['data.csv', 'job.py'],
    ])
  })

  test('a training whose daemon is killed is lost, and started anew by the next submission', async () => {
    const executor = await open()
    const spec = specOf()
    const { job } = await executor.submit(spec)
    const restarted = Promise.withResolvers<void>()
    let isKilled = false
    const restart = async (): Promise<void> => {
      await docker.daemon.kill()
      await docker.daemon.start()
    }
    const onLine = (line: string): void => {
      if (line !== '5' || isKilled) return
      isKilled = true
      void restart().then(restarted.resolve, restarted.reject)
    }
    const ended = await watch(executor, job, { ...watching, signal: new AbortController().signal, onLine })
    await restarted.promise
    expect(ended).toMatchObject({ state: 'failed', cause: 'lost' })
    const again = await executor.submit(spec)
    expect(again.isNew).toBe(true)
    const lines: string[] = []
    const signal = new AbortController().signal
    const second = await watch(executor, again.job, { ...watching, signal, onLine: (line) => lines.push(line) })
    expect([second.state, lines.length]).toEqual(['succeeded', 41])
    await executor.release(again.job)
  })
})

describeSystem('docker with live restore', await prepare(), () => {
  let docker: Docker

  beforeAll(async () => {
    docker = await start(['--live-restore'])
  })
  afterAll(() => docker?.stop())

  test('a training goes on while its daemon restarts, and no line is lost or told twice', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'executor-'))
    writeFileSync(join(folder, 'job.py'), patient)
    const executor = await openExecutor(docker)
    const spec = { ...specOf(), folder }
    const { job } = await executor.submit(spec)
    const lines: string[] = []
    const told: string[] = []
    let restarted: Promise<void> | undefined
    const restart = async (): Promise<void> => {
      process.kill(docker.daemon.identity().pid, 'SIGKILL')
      await sleep(1000)
      await docker.daemon.start()
      await docker.docker('kill', '--signal', 'USR1', spec.name)
    }
    const onLine = (line: string): void => {
      lines.push(line)
      if (line === '5') restarted = restart()
    }
    const tell = (message: string): void => void told.push(message)
    const ended = await watch(executor, job, { ...watching, tell, signal: new AbortController().signal, onLine })
    await restarted
    expect(ended.state).toBe('succeeded')
    expect(lines.length).toBeGreaterThan(7)
    expect(lines).toEqual([...lines.slice(0, -1).map((_, index) => String(index)), 'done'])
    expect(told.join(' ')).toMatch(/connection was lost[\s\S]*is back/)
    await executor.release(job)
  })
})
