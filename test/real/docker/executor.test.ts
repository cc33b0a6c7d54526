import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { executorConformance } from '../../../actions/train/src/executors/conformance.ts'
import { dockerExecutor } from '../../../actions/train/src/executors/docker/executor.ts'
import { dockerSettings } from '../../../actions/train/src/executors/docker/settings.ts'
import type { Executor } from '../../../actions/train/src/executors/port.ts'
import { describeSystem } from '../describe-system.ts'
import { pythonImage } from './images.ts'
import { type Docker, prepare, start } from './start.ts'

describeSystem('docker', await prepare(), () => {
  let docker: Docker

  beforeAll(async () => {
    docker = await start()
  })
  afterAll(() => docker?.stop())

  function open(settings: Record<string, unknown> = {}): Promise<Executor> {
    const folder = mkdtempSync(join(tmpdir(), 'executor-'))
    return dockerExecutor({
      settings: dockerSettings.parse({ image: pythonImage, ...settings }),
      workspace: folder,
      temporary: join(folder, 'temporary'),
      environment: { ...docker.environment },
      tell: () => undefined,
      onBuildLine: () => undefined,
    })
  }

  executorConformance('docker', async () => ({ open, python: 'python3' }))

  test('nothing is left of all of these trainings', async () => {
    expect(await docker.docker('ps', '--all', '--quiet')).toBe('')
  })
})
