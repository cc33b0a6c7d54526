import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import { executorConformance } from '../../../actions/train/src/executors/conformance.ts'
import type { Executor } from '../../../actions/train/src/executors/port.ts'
import { clientDriver } from '../../../actions/train/src/executors/spark/client.ts'
import { clusterDriver } from '../../../actions/train/src/executors/spark/cluster.ts'
import { sparkExecutor } from '../../../actions/train/src/executors/spark/executor.ts'
import { sparkSettings } from '../../../actions/train/src/executors/spark/settings.ts'
import { standaloneSubmitter } from '../../../actions/train/src/executors/spark/standalone.ts'
import { describeSystem } from '../describe-system.ts'
import { makeStateFolder } from '../folders.ts'
import { prepare, type Spark, start } from './start.ts'

describeSystem('spark', await prepare(), () => {
  let spark: Spark

  beforeAll(async () => {
    spark = await start()
  })
  afterAll(() => spark?.stop())

  function openClient(root: string, given: Record<string, unknown>): Executor {
    const settings = sparkSettings.parse(given)
    const { environment, folder } = spark
    const options = { settings, root, environment, workspace: folder, isEphemeral: false }
    return sparkExecutor({ driver: clientDriver(options), image: undefined })
  }

  function openCluster(shared: string, more: Record<string, unknown> = {}): Executor {
    const given = { master: spark.master, rest: spark.rest, deployMode: 'cluster', shared, ...more }
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
    mkdirSync(shared, { recursive: true })
    return { open: async () => openCluster(shared, { conf: { 'spark.driver.memory': '512m' } }), python: python() }
  })
})
