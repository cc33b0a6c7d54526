import { join } from 'node:path'
import { beforeAll } from 'vitest'
import { executorConformance } from '../../../actions/train/src/executors/conformance.ts'
import { clientDriver } from '../../../actions/train/src/executors/spark/client.ts'
import { sparkExecutor } from '../../../actions/train/src/executors/spark/executor.ts'
import { sparkSettings } from '../../../actions/train/src/executors/spark/settings.ts'
import { describeSystem } from '../describe-system.ts'
import { makeStateFolder } from '../folders.ts'
import { clientOf, prepare, type SparkClient } from './start.ts'

describeSystem('spark', await prepare(), () => {
  let client: SparkClient

  beforeAll(async () => {
    client = await clientOf(makeStateFolder('spark-client'))
  })

  function open(root: string, settings: Record<string, unknown>) {
    const parsed = sparkSettings.parse(settings)
    const { environment, folder } = client
    const options = { settings: parsed, root, environment, workspace: folder, isEphemeral: false }
    return sparkExecutor({ driver: clientDriver(options), image: undefined })
  }

  executorConformance('spark, local', async () => {
    const root = makeStateFolder('spark-state')
    return {
      open: async () => open(root, { master: 'local[1]', submit: join(client.commands, 'spark-submit') }),
      python: join(client.commands, 'python'),
    }
  })
})
