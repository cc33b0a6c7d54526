import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Document, documentSchema, schemaName, stable } from '@headgate/core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { run } from '../../../actions/train/src/run.ts'
import { makeProject, portsOf, settingsOf } from '../../../actions/train/test/project.ts'
import { describeSystem } from '../describe-system.ts'
import { openRayAt, specOf } from './bench.ts'
import { prepare, type Ray, start } from './start.ts'

describeSystem('ray', await prepare(), () => {
  let ray: Ray

  beforeAll(async () => {
    ray = await start()
  })
  afterAll(() => ray?.stop())

  /** The whole stage, with a client of its own. */
  async function train(
    root: string,
    more: Record<string, unknown>,
    lines: string[] = [],
  ): Promise<Document<'training'>> {
    const block = { address: ray.address, requirements: 'off' }
    const settings = settingsOf(root, { executor: 'ray', ray: block, env: { TOKEN: 's3cr3t-t0ken' }, ...more })
    const executor = await openRayAt(ray.address, block)
    const ports = portsOf(root, lines, { executor, secrets: ['s3cr3t-t0ken'] })
    const { body, exitCode: _, ...findings } = await run(settings, ports)
    const runner = { kind: 'local', event: 'push', os: 'linux' }
    const header = { schema: schemaName('training'), model: 'm', commit: ports.commit, runner, durationMs: 0 }
    const stamp = { createdAt: new Date().toISOString(), tool: 'headgate 0' }
    return documentSchema('training').parse({ ...header, ...stamp, ...findings, ...body })
  }

  function cloneOf(root: string): string {
    const folder = join(mkdtempSync(join(tmpdir(), 'clone-')), 'clone')
    execFileSync('git', ['clone', '-q', root, folder])
    return folder
  }

  test('detached here and attached from a fresh clone elsewhere, the documents are those of a direct run', async () => {
    const root = makeProject()
    const lines: string[] = []
    const direct = await train(cloneOf(root), { param: { seed: 7 } }, lines)
    expect(direct).toMatchObject({ verdict: 'pass', run: { executor: 'ray', exitCode: 0 } })
    expect(lines.filter((line) => line.startsWith('data 2'))).toEqual([`data 2 ${direct.run.id} Zürich ***`])

    const submitted = await train(cloneOf(root), { param: { seed: 7 }, detach: true })
    expect(submitted).toMatchObject({ verdict: 'inconclusive', modelArtifact: null })
    const elsewhere = cloneOf(root)
    const attached = await train(elsewhere, { param: { seed: 7 }, attach: submitted.run.handle })
    expect(attached.run.id).toBe(submitted.run.id)
    expect(readFileSync(join(elsewhere, '.headgate/m/output/model/model.json'), 'utf8')).toBe('{"seed":7}')
    expect(comparable(attached)).toEqual(comparable(direct))
    expect(JSON.stringify([direct, submitted, attached])).not.toContain('s3cr3t-t0ken')
  })

  test('a training that fails on Ray leaves its reason, and nothing in the place of a model', async () => {
    const root = makeProject()
    const { error } = await train(root, { param: { fail: true } })
    expect(error?.message).toContain('ended with exit code 3')
    expect(error?.message).toContain('no such column: späť')
    expect(existsSync(join(root, '.headgate/m/output'))).toBe(false)
  })

  test('a sweep ends what should have ended, and leaves what somebody waits for', async () => {
    const root = makeProject()
    await train(root, { param: { hang: true }, detach: true, timeout: '1h' })
    expect((await train(root, { sweep: true })).summary).toMatch(/no training/)
    const executor = await openRayAt(ray.address)
    const late = specOf('import time; time.sleep(600)', { model: 'm' })
    const deadline = new Date(0).toISOString()
    await executor.submit({ ...late, labels: { ...late.labels, deadline } })
    const running = async (): Promise<number> =>
      (await executor.list('m')).filter(({ state }) => state === 'running' || state === 'waiting').length
    expect(await running()).toBe(2)
    expect((await train(root, { sweep: true })).summary).toMatch(/1 training/)
    expect(await running()).toBe(1)
    for (const { job } of await executor.list('m')) await executor.cancel(job)
    expect(await running()).toBe(0)
  })
})

/** Without what a run and a machine decide, and without how it came to be trained. */
function comparable(document: Document<'training'>): unknown {
  return stable('training', { ...document, summary: '', cache: { hit: false, reason: '' } })
}
