import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import { executorConformance } from '../../../actions/train/src/executors/conformance.ts'
import type { Executor } from '../../../actions/train/src/executors/port.ts'
import { rayExecutor } from '../../../actions/train/src/executors/ray/executor.ts'
import { raySettings } from '../../../actions/train/src/executors/ray/settings.ts'
import { describeSystem } from '../describe-system.ts'
import { prepare, type Ray, start } from './start.ts'

describeSystem('ray', await prepare(), () => {
  let ray: Ray

  beforeAll(async () => {
    ray = await start()
  })
  afterAll(() => ray?.stop())

  function open(): Promise<Executor> {
    return rayExecutor({
      ray: { address: ray.address, headers: {} },
      settings: raySettings.parse({}),
      temporary: mkdtempSync(join(tmpdir(), 'executor-')),
    })
  }

  executorConformance('ray', async () => ({ open, python: 'python' }))
})
