import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, get, type IncomingMessage } from 'node:http'
import { type AddressInfo, connect, createServer as createTcpServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { OutsideError, UserError } from '@headgate/core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { executorConformance } from '../../../actions/train/src/executors/conformance.ts'
import type { Executor, Spec } from '../../../actions/train/src/executors/port.ts'
import { describeSystem } from '../describe-system.ts'
import { follow, openRayAt, specOf } from './bench.ts'
import { prepare, type Ray, start } from './start.ts'

describeSystem('ray', await prepare(), () => {
  let ray: Ray

  beforeAll(async () => {
    ray = await start()
  })
  afterAll(() => ray?.stop())

  const open = (settings?: Record<string, unknown>): Promise<Executor> => openRayAt(ray.address, settings)

  /** As a client does: from browsers, for which it takes Node’s `fetch`, Ray hides what it shows others. */
  async function ask(path: string): Promise<string> {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
    get(`${ray.address}${path}`, resolve).on('error', reject)
    return text(await promise)
  }

  executorConformance('ray', async () => ({ open, python: 'python3' }))

  test('every argument arrives as it was', async () => {
    const words = [
      '',
      ' a  b ',
      `it's "x"`,
      '$HOME `id` $(id) \\ \\n',
      '{a,b} * ~ !x',
      'line\nbreak',
      'größe 木',
      '--x=1;2',
    ]
    const spec = specOf('import json, sys; print(json.dumps(sys.argv[1:]))')
    const executor = await open()
    const { job } = await executor.submit({ ...spec, argv: ['python3', 'job.py', ...words] })
    const { lines } = await follow(executor, job)
    expect(lines.map((line) => JSON.parse(line))).toEqual([words])
    await executor.release(job)
  })

  const nap = 'import time; print("begun", flush=True); time.sleep(8)'
  const secret = { variables: { TOKEN: 's3cr3t-t0ken', PLAIN: 'plain-value' }, secretNames: ['TOKEN'] }

  test('a secret is shown by no page of Ray, and not left on its disk', async () => {
    const executor = await open()
    const { job } = await executor.submit(specOf(nap, secret))
    const begun = Promise.withResolvers<void>()
    const following = follow(executor, job, { onLine: () => begun.resolve() })
    await begun.promise
    const pages = ['/api/jobs/', '/logical/actors', ...['runtime_envs', 'actors', 'jobs', 'workers'].map(stateApi)]
    const shown = await Promise.all(pages.map(ask))
    expect(shown.join()).toContain('plain-value')
    expect(shown.join()).not.toContain('s3cr3t-t0ken')
    expect(filesOf(ray.temporary).filter((path) => holds(path, 's3cr3t-t0ken'))).toEqual([])
    await following
    await executor.release(job)
  })

  const remote = `
import os, ray
ray.init(log_to_driver=False)
look = ray.remote(lambda: [os.environ.get('TOKEN'), os.environ.get('PLAIN')])
print(ray.get(look.remote()))`

  test('tasks get the secrets where the settings say so, and other variables always', async () => {
    const printed = async (settings: Record<string, unknown>): Promise<string | undefined> => {
      const executor = await open(settings)
      const { job } = await executor.submit(specOf(remote, secret))
      const { lines } = await follow(executor, job)
      await executor.release(job)
      return lines.at(-1)
    }
    expect(await printed({})).toBe("[None, 'plain-value']")
    expect(await printed({ secrets: 'workers' })).toBe("['s3cr3t-t0ken', 'plain-value']")
  })

  test('lines are neither lost nor doubled while connections break', async () => {
    const proxy = await breakableProxy(new URL(ray.address))
    const executor = await openRayAt(proxy.address)
    const code = 'import time\nfor i in range(120): print(i, flush=True); time.sleep(0.05)'
    const { job } = await executor.submit(specOf(code))
    const breaking = new AbortController()
    const following = follow(executor, job, {
      onLine: (line) => {
        if (line === '10' || line === '60') void proxy.breakFor(2500)
      },
    })
    const { ended, lines, told } = await following.finally(() => breaking.abort())
    expect(ended.state).toBe('succeeded')
    expect(lines).toEqual(Array.from({ length: 120 }, (_, index) => String(index)))
    expect(told).toContain('The connection is back.')
    await executor.release(job)
    proxy.close()
  })

  test('what a training leaves running is ended with it, and what does not listen is killed', async () => {
    const stubborn = `
import os, signal, subprocess, sys, time
if sys.argv[2:] == ['child']:
    os.setsid(); signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)
subprocess.Popen([sys.executable, *sys.argv, 'child'], stdout=subprocess.DEVNULL)
print('begun', flush=True)
if os.environ.get('STAYS'): signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)`
    const executor = await open()
    const done = specOf(stubborn)
    const { job } = await executor.submit(done)
    expect((await follow(executor, job)).ended.state).toBe('succeeded')
    expect(processesOf(done)).toEqual([])
    await executor.release(job)
    const stays = specOf(stubborn, { variables: { STAYS: '1' } })
    const second = await executor.submit(stays)
    const stop = new AbortController()
    const following = follow(executor, second.job, {
      onLine: () => stop.abort(new Error('cancelled')),
      signal: stop.signal,
    })
    await expect(following).rejects.toThrow('cancelled')
    expect(processesOf(stays)).toEqual([])
  })

  test('a job that waits for resources can be cancelled', async () => {
    const executor = await open({ resources: { gpus: 8 } })
    const spec = specOf('print(1)')
    const { job } = await executor.submit(spec)
    await sleep(1000)
    expect((await executor.status(job)).state).toBe('waiting')
    await executor.cancel(job)
    expect((await executor.status(job)).state).toMatch(/failed|cancelled/)
    const again = await (await open()).submit(spec)
    expect(again.isNew).toBe(true)
    expect((await follow(executor, again.job)).ended.state).toBe('succeeded')
    await executor.release(again.job)
  })

  test('a training ends by its own timeout when nobody waits for it', async () => {
    const executor = await open()
    const { job } = await executor.submit(specOf('import time; time.sleep(600)', { timeoutMs: 1500 }))
    expect((await follow(executor, job)).ended).toMatchObject({ state: 'failed', cause: 'timeout' })
  })

  test('a program that is not there is told as such', async () => {
    const executor = await open()
    const { job } = await executor.submit({ ...specOf(''), argv: ['no-such-program'] })
    const { ended } = await follow(executor, job)
    expect(ended).toMatchObject({
      state: 'failed',
      cause: 'start',
      message: expect.stringContaining('no-such-program'),
    })
  })

  test('packages that cannot be installed are told as such', async () => {
    const executor = await open()
    const spec = specOf('print(1)')
    const lock = join(spec.folder, 'requirements.txt')
    writeFileSync(lock, '# none\n./no-such-wheel-1.0-py3-none-any.whl\n')
    await expect(executor.submit({ ...spec, lock })).rejects.toThrow(/names files of this machine/)
    writeFileSync(lock, 'no such requirement @@\n')
    const { job } = await executor.submit({ ...spec, lock })
    const { ended } = await follow(executor, job)
    expect(ended).toMatchObject({
      state: 'failed',
      cause: 'start',
      message: expect.stringMatching(/runtime_env setup failed/),
    })
  })

  test('where nobody or somebody else answers, the line that mends it is told', async () => {
    const page = createServer((_, answer) =>
      answer.setHeader('content-type', 'text/html').end('<!doctype html><p>Login'),
    )
    await new Promise<void>((resolve) => page.listen(0, '127.0.0.1', resolve))
    const submitTo = async (address: string): Promise<unknown> => {
      const executor = await openRayAt(address)
      return executor.submit(specOf('')).catch((error: unknown) => error)
    }
    const elsewhere = await submitTo(`http://127.0.0.1:${(page.address() as AddressInfo).port}`)
    expect(elsewhere).toBeInstanceOf(UserError)
    expect(String(elsewhere)).toMatch(/is no Ray head: it sends a web page.*ray: address/)
    await new Promise((resolve) => page.close(resolve))
    const refused = await submitTo(`http://127.0.0.1:9`)
    expect(refused).toBeInstanceOf(OutsideError)
    expect(String(refused)).toMatch(/Nobody listens there.*dashboard-host/)
  })

  // Last: it ends all that the head knows.
  test('a head that is killed while it runs has lost the training, and the next run trains again', async () => {
    const executor = await open()
    const spec = specOf('import os, time; print("begun", flush=True); time.sleep(float(os.environ["NAP"]))', {
      variables: { NAP: '600' },
    })
    const { job } = await executor.submit(spec)
    const restarting = Promise.withResolvers<void>()
    const restart = async (): Promise<void> => {
      await ray.head.kill()
      await ray.head.start()
    }
    const { ended, told } = await follow(executor, job, { onLine: () => restarting.resolve(restart()) })
    await restarting.promise
    expect(ended).toMatchObject({ state: 'failed', cause: 'lost' })
    expect(told[0]).toMatch(/connection was lost/)
    expect(processesOf(spec)).toEqual([])
    await expect(executor.collect(job, mkdtempSync(join(tmpdir(), 'collected-')))).rejects.toThrow(/head was restarted/)
    const again = await executor.submit({ ...spec, runId: 'run-again', variables: { NAP: '0' } })
    expect(again.isNew).toBe(true)
    expect((await follow(executor, again.job)).ended.state).toBe('succeeded')
    await executor.release(again.job)
    expect(await executor.list('ray')).toEqual([])
  })
})

describeSystem('ray with tokens', await prepare(), () => {
  let ray: Ray

  beforeAll(async () => {
    ray = await start({ RAY_AUTH_MODE: 'token', RAY_AUTH_TOKEN: 'right-token-right-token-right-token' })
  })
  afterAll(() => ray?.stop())

  test('only the right token is let in', async () => {
    const submit = async (settings: Record<string, unknown>): Promise<unknown> =>
      (await openRayAt(ray.address, settings)).submit(specOf('print(1)')).catch(String)
    expect(await submit({})).toMatch(/wants to know who asks \(401\).*RAY_AUTH_TOKEN/)
    expect(await submit({ token: 'wrong' })).toMatch(/does not let this token in \(403\).*ray: \{token\}/)
    const executor = await openRayAt(ray.address, { token: 'right-token-right-token-right-token' })
    const { job } = await executor.submit(specOf('print("in")'))
    const { ended, lines } = await follow(executor, job)
    expect(ended.state).toBe('succeeded')
    expect(lines).toEqual(['in'])
    await executor.release(job)
  })
})

function stateApi(kind: string): string {
  return `/api/v0/${kind}?detail=1&limit=1000`
}

function filesOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
}

function holds(path: string, text: string): boolean {
  try {
    return readFileSync(path).includes(text)
  } catch {
    return false
  }
}

/** The processes of a training on this machine. */
function processesOf({ argv }: Spec): string[] {
  const token = argv.at(-1) ?? ''
  return readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) && holds(`/proc/${pid}/cmdline`, token))
}

/** Passes connections on, until it is told to break them and to take none for a while. */
async function breakableProxy({ hostname, port }: URL) {
  const sockets = new Set<Socket>()
  let isBroken = false
  const server = createTcpServer((incoming) => {
    if (isBroken) return incoming.destroy()
    const outgoing = connect(Number(port), hostname)
    for (const [one, other] of [[incoming, outgoing] as const, [outgoing, incoming] as const]) {
      sockets.add(one)
      one.pipe(other)
      one.on('error', () => other.destroy())
      one.on('close', () => other.destroy() && sockets.delete(one))
    }
    return undefined
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    breakFor: async (ms: number): Promise<void> => {
      isBroken = true
      for (const socket of sockets) socket.destroy()
      await sleep(ms)
      isBroken = false
    },
    close: () => server.close(),
  }
}
