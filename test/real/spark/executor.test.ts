import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { executorConformance } from '../../../actions/train/src/executors/conformance.ts'
import type { Executor } from '../../../actions/train/src/executors/port.ts'
import { clientDriver } from '../../../actions/train/src/executors/spark/client.ts'
import { clusterDriver } from '../../../actions/train/src/executors/spark/cluster.ts'
import { sparkExecutor } from '../../../actions/train/src/executors/spark/executor.ts'
import { sparkSettings } from '../../../actions/train/src/executors/spark/settings.ts'
import { standaloneSubmitter } from '../../../actions/train/src/executors/spark/standalone.ts'
import { describeSystem } from '../describe-system.ts'
import { makeStateFolder } from '../folders.ts'
import { follow, nothingRuns, processesWith, specOf } from './jobs.ts'
import { masterTests } from './masters.ts'
import { stageTests } from './stage.ts'
import { prepare, type Spark, start } from './start.ts'

describeSystem('spark', await prepare(), () => {
  let spark: Spark

  beforeAll(async () => {
    spark = await start()
  })
  afterAll(() => spark?.stop())

  const conf = { 'spark.ui.enabled': 'true', 'spark.driver.memory': '512m', 'spark.executor.memory': '512m' }

  function openClient(root: string, given: Record<string, unknown>): Executor {
    const settings = sparkSettings.parse({ conf, ...given })
    const { environment, folder } = spark
    const options = { settings, root, environment, workspace: folder, isEphemeral: false }
    return sparkExecutor({ driver: clientDriver(options), image: undefined })
  }

  function openCluster(shared: string): Executor {
    const given = { master: spark.master, rest: spark.rest, deployMode: 'cluster', shared, conf }
    const settings = sparkSettings.parse(given)
    return sparkExecutor({
      driver: clusterDriver({ settings, submitter: standaloneSubmitter(settings) }),
      image: undefined,
    })
  }

  const python = (): string => join(spark.commands, 'python')

  executorConformance('spark, local', async () => {
    const root = makeStateFolder('state')
    return { open: async () => openClient(root, { master: 'local[*]' }), python: python() }
  })

  executorConformance('spark, standalone', async () => {
    const root = makeStateFolder('state')
    return { open: async () => openClient(root, { master: spark.master }), python: python() }
  })

  executorConformance('spark, standalone cluster', async () => {
    const shared = makeStateFolder('shared')
    return { open: async () => openCluster(shared), python: python() }
  })

  stageTests(() => spark)
  masterTests(() => spark)

  /** What the master says that runs. */
  async function active(): Promise<string[]> {
    const answer = await fetch(spark.page)
    const { activeapps, activedrivers } = (await answer.json()) as Record<string, { name?: string; id: string }[]>
    return [...(activeapps ?? []), ...(activedrivers ?? [])].map(({ name, id }) => name ?? id)
  }

  const kinds = [
    { kind: 'client', open: () => openClient(makeStateFolder('state'), { master: spark.master }) },
    { kind: 'cluster', open: () => openCluster(makeStateFolder('shared')) },
  ] as const

  describe.each(kinds)('a driver in the $kind', ({ open }) => {
    const specWith = (...[wanted, more]: Parameters<typeof specOf> extends [string, ...infer Rest] ? Rest : never) =>
      specOf(python(), wanted, { inherited: spark.environment, ...more })

    test('that is cancelled leaves no application, executor or process', async () => {
      const executor = open()
      const spec = specWith({ next: 'hang' })
      const followed = await follow(executor, spec)
      await followed.printed('counted 100')
      expect(await active()).toContain(spec.name)
      followed.cancel()
      await expect(followed.ended).rejects.toThrow('cancelled')
      await nothingRuns(spec, spark.master)
      await expect.poll(active, { timeout: 10_000 }).toEqual([])
      expect(await executor.list('spark')).toEqual([])
    })

    test('whose Java is killed leaves nothing running, and is told as failed', async () => {
      const executor = open()
      const spec = specWith({ next: 'hang' })
      const followed = await follow(executor, spec)
      await followed.printed('counted 100')
      for (const pid of processesWith('SparkSubmit').filter((one) => processesWith(spec.name).includes(one)))
        if (readFileSync(`/proc/${pid}/comm`, 'utf8').trim() === 'java') process.kill(pid, 'SIGKILL')
      const ended = await followed.ended
      expect(ended).toMatchObject({ state: 'failed', exitCode: null })
      expect(ended.cause).toMatch(/signal|lost/)
      await nothingRuns(spec, spark.master)
      await expect.poll(active, { timeout: 10_000 }).toEqual([])
      await executor.release(followed.job)
    })

    test('goes on while its master is started anew, and its secrets are on no page and in no arguments', async () => {
      const executor = open()
      const go = join(makeStateFolder('go'), 'on')
      const variables = { TOKEN: 's3cr3t-token', ALPHA: 'ä' }
      const spec = specWith({ next: 'wait', for: go }, { variables, secretNames: ['TOKEN'] })
      const followed = await follow(executor, spec)
      await followed.printed('counted 100')
      await spark.masterServer.kill()
      try {
        // Its log comes on without a master.
        const before = followed.lines.length
        await expect.poll(() => followed.lines.length, { timeout: 30_000 }).toBeGreaterThan(before)
      } finally {
        await spark.masterServer.start()
      }
      writeFileSync(go, '')
      expect(await followed.ended).toMatchObject({ state: 'succeeded', exitCode: 0 })
      expect(followed.lines).toContain('counted again 100')
      const into = makeStateFolder('into')
      await executor.collect(followed.job, into)
      const { token, alpha, shown, arguments: read } = JSON.parse(readFileSync(join(into, 'seen.json'), 'utf8'))
      expect([token, alpha]).toEqual(['s3cr3t-token', 'ä'])
      expect(shown).toContain('spark.app.name')
      expect(read.join('\n')).toContain(spec.name)
      expect(shown + read.join('\n')).not.toContain('s3cr3t-token')
      await executor.release(followed.job)
      await expect.poll(active, { timeout: 20_000 }).toEqual([])
    })

    test('whose Python is killed from outside is told with the signal', async () => {
      const executor = open()
      const { job, ended } = await follow(executor, specWith({ next: 'be killed' }))
      expect(await ended).toMatchObject({ state: 'failed', exitCode: null, cause: 'signal', message: 'SIGKILL' })
      await executor.release(job)
    })

    test('whose Java has not memory enough is known for it', async () => {
      const executor = open()
      const { job, ended } = await follow(executor, specWith({ next: 'eat the heap' }))
      expect(await ended, (await ended).lastLines.join('\n')).toMatchObject({
        state: 'failed',
        exitCode: 1,
        cause: 'memory',
      })
      expect((await ended).message).toContain('java.lang.OutOfMemoryError: Java heap space')
      await executor.release(job)
    })
  })

  test('a master that has forgotten a driver is told, and the driver ends', async () => {
    const executor = openCluster(makeStateFolder('shared'))
    const spec = specOf(python(), { next: 'hang' })
    const followed = await follow(executor, spec)
    await followed.printed('counted 100')
    await spark.masterServer.kill()
    rmSync(join(spark.folder, 'recovery'), { recursive: true, force: true })
    await spark.masterServer.start()
    expect(await followed.ended).toMatchObject({ state: 'failed', cause: 'lost' })
    await executor.release(followed.job)
    await nothingRuns(spec, spark.master)
    await expect.poll(workers, { timeout: 60_000 }).toBe(1)
  })

  test('a driver in the cluster that nobody waits for ends at its time', async () => {
    const executor = openCluster(makeStateFolder('shared'))
    const spec = specOf(python(), { next: 'sleep' }, { timeoutMs: 1000 })
    const { job } = await executor.submit(spec)
    await expect
      .poll(() => executor.status(job), { timeout: 60_000 })
      .toMatchObject({ state: 'failed', cause: 'timeout' })
    await nothingRuns(spec)
    await executor.release(job)
  })

  test('a Python that is not there is told as what could not be started', async () => {
    const executor = openClient(makeStateFolder('state'), { master: 'local[1]' })
    const spec = specOf('/nowhere/python3', { next: 'sleep' }, { inherited: spark.environment })
    const { job, ended } = await follow(executor, spec)
    expect(await ended).toMatchObject({ state: 'failed', cause: 'start' })
    expect((await ended).message).toContain('Cannot run program "/nowhere/python3"')
    await executor.release(job)
  })

  async function workers(): Promise<number> {
    return ((await (await fetch(spark.page)).json()) as { aliveworkers: number }).aliveworkers
  }
})
