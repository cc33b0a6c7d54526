import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findJob, listJobs } from '@headgate/systems/ray'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { addressOf, openRay } from '../../../actions/train/src/executors/ray/open.ts'
import { run } from '../../../actions/train/src/run.ts'
import { makeProject, portsOf, settingsOf } from '../../../actions/train/test/project.ts'
import { describeSystem } from '../describe-system.ts'
import { prepare, type Ray, start } from './start.ts'

const secret = 's3cr3t-of-the-test'

describeSystem('ray', await prepare(), () => {
  let ray: Ray

  beforeAll(async () => {
    ray = await start()
  })
  afterAll(() => ray?.stop())

  const settings = (root: string, more: Record<string, unknown> = {}) =>
    settingsOf(root, {
      executor: 'ray',
      run: ['node', 'train.cjs'],
      ray: { address: ray.address, requirements: 'off' },
      env: { TOKEN: secret, PATH: process.env.PATH },
      ...more,
    })

  /** A client of the training's own, as a job on another machine has it. */
  async function ports(root: string, lines: string[] = [], variables: Record<string, string> = {}) {
    const runner = {
      variables,
      mask: () => {},
      log: { debug: () => {} },
      temporary: mkdtempSync(join(tmpdir(), 'ray-')),
    }
    const executor = await openRay(settings(root), runner as never)
    return portsOf(root, lines, { executor, secrets: [secret] })
  }

  function clone(root: string): string {
    const other = mkdtempSync(join(tmpdir(), 'clone-'))
    execFileSync('git', ['clone', '-q', root, other])
    return other
  }

  test('submitted here and attached to in a fresh clone, a training has the same document as one that waits', async () => {
    const root = makeProject()
    const direct = await run(settings(root), await ports(root))
    expect(direct).toMatchObject({ verdict: 'pass' })
    const submitted = await run(settings(root, { detach: true, param: { again: 1 } }), await ports(root))
    expect(submitted).toMatchObject({ verdict: 'inconclusive', exitCode: 0 })
    const other = clone(root)
    const lines: string[] = []
    const attach = submitted.body.run.handle ?? ''
    const attached = await run(settings(other, { attach, param: { again: 1 } }), await ports(other, lines))
    expect(attached.verdict).toBe('pass')
    const artifacts = (found: typeof direct) => found.body.artifacts.map(({ path }) => path)
    expect(artifacts(attached)).toEqual(artifacts(direct))
    expect(attached.body.metrics).toEqual(direct.body.metrics)
    expect(readFileSync(join(other, '.headgate/m/output/model/model.json'), 'utf8')).toBe('{"again":1}')
    expect(lines.filter((line) => line.startsWith('data 2'))).toHaveLength(1)
    expect(await listJobs({ address: ray.address, headers: {} })).toEqual([])
  })

  test('a secret is in no log, no document, and nothing that the cluster tells of the job', async () => {
    const root = makeProject()
    const lines: string[] = []
    const submitted = await run(settings(root, { detach: true, param: { secret: 1 } }), await ports(root))
    const { job } = JSON.parse(submitted.body.run.handle ?? '')
    const told = await fetch(`${ray.address}/api/jobs/${job.id}`)
    const text = await told.text()
    expect(text).toContain('gcs://')
    expect(text).not.toContain(secret)
    const attach = submitted.body.run.handle ?? ''
    const found = await run(settings(root, { attach, param: { secret: 1 } }), await ports(root, lines))
    expect(found.verdict).toBe('pass')
    expect(lines.some((line) => line.includes('Zürich ***'))).toBe(true)
    expect(JSON.stringify(found) + lines.join('\n')).not.toContain(secret)
  })

  test('a head that is started anew while it trains has lost the training, and another run trains again', async () => {
    const root = makeProject()
    const lines: string[] = []
    const hanging = run(settings(root, { param: { hang: true } }), await ports(root, lines))
    await expect.poll(() => lines.some((line) => line.startsWith('pid ')), { timeout: 60_000 }).toBe(true)
    await ray.head.kill()
    await ray.head.start()
    const lost = await hanging
    expect(lost).toMatchObject({ verdict: 'fail', exitCode: 2 })
    expect(lost.body.error?.message).toMatch(/was lost by ray/)
    expect(lines.join('\n')).toMatch(/The connection was lost, and is tried again/)
    expect(await run(settings(root), await ports(root))).toMatchObject({ verdict: 'pass' })
  })

  test('an environment that Ray cannot make is told as such, and nothing is left', async () => {
    const root = makeProject()
    const broken = { address: ray.address, requirements: 'off', runtimeEnv: { conda: 'no-such-environment' } }
    const found = await run(settings(root, { ray: broken }), {
      ...(await ports(root)),
      executor: await openRay(settings(root, { ray: broken }), {
        variables: {},
        mask: () => {},
        log: { debug: () => {} },
        temporary: mkdtempSync(join(tmpdir(), 'ray-')),
      } as never),
    })
    expect(found).toMatchObject({ verdict: 'fail', exitCode: 2 })
    expect(found.body.error?.message).toMatch(/could not be started by ray/)
    expect(await listJobs({ address: ray.address, headers: {} })).toEqual([])
  })

  test('what is wrong with an address is said with the way out', async () => {
    const root = makeProject()
    const open = (address: string) =>
      openRay(settings(root, { ray: { address } }), { variables: {}, log: { debug: () => {} } } as never)
    await expect(open('ray://127.0.0.1:10001')).rejects.toThrow(/is not the address of a dashboard/)
    await expect(open('http://127.0.0.1:9')).rejects.toThrow(/No answer came: ECONNREFUSED/)
    expect(() => addressOf(undefined, {})).toThrow(/needs the address of the head’s dashboard/)
    const other = createServer((_, answer) => answer.setHeader('content-type', 'text/html').end('<html>Log in</html>'))
    await new Promise<void>((done) => void other.listen(0, '127.0.0.1', done))
    onTestFinished(() => void other.close())
    const { port } = other.address() as AddressInfo
    await expect(open(`http://127.0.0.1:${port}`)).rejects.toThrow(/not as the dashboard of a Ray cluster does/)
  })
})

describeSystem('ray with a token', await prepare(), () => {
  let ray: Ray
  const token = 'a'.repeat(64)

  beforeAll(async () => {
    ray = await start({ RAY_AUTH_MODE: 'token', RAY_AUTH_TOKEN: token })
  })
  afterAll(() => ray?.stop())

  test('who has no token, or another, is told what to set', async () => {
    const ask = (headers: Record<string, string>) => findJob({ address: ray.address, headers }, 'none')
    await expect(ask({})).rejects.toThrow(/it wants a token.*RAY_AUTH_TOKEN/s)
    await expect(ask({ authorization: `Bearer ${'b'.repeat(64)}` })).rejects.toThrow(/RAY_AUTH_TOKEN/)
    expect(await ask({ authorization: `Bearer ${token}` })).toBeUndefined()
  })
})
