import { existsSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { executorConformance } from '../../../actions/train/src/executors/conformance.ts'
import { dockerExecutor } from '../../../actions/train/src/executors/docker/executor.ts'
import { dockerSettings } from '../../../actions/train/src/executors/docker/settings.ts'
import type { Executor } from '../../../actions/train/src/executors/port.ts'
import { describeSystem } from '../describe-system.ts'
import { pythonImage } from '../docker/images.ts'
import { type Podman, prepare, start } from './start.ts'

describeSystem('podman', await prepare(), () => {
  let podman: Podman

  beforeAll(async () => {
    podman = await start()
  })
  afterAll(() => podman?.stop())

  function open(): Promise<Executor> {
    const workspace = mkdtempSync(join(tmpdir(), 'executor-'))
    return dockerExecutor({
      settings: dockerSettings.parse({ image: pythonImage, command: 'podman' }),
      workspace,
      temporary: join(workspace, 'temporary'),
      environment: podman.environment,
      tell: () => undefined,
      onBuildLine: () => undefined,
    })
  }

  const tellsMemory = existsSync('/sys/fs/cgroup/cgroup.controllers')
  const untold = 'Podman does not tell with control groups of version 1'
  const cannot = tellsMemory ? {} : { 'a job that eats too much memory is ended, and known for it': untold }
  executorConformance('podman', async () => ({ open, python: 'python3', cannot }))

  test('nothing is left of all of these trainings', async () => {
    expect(await podman.podman('ps', '--all', '--quiet')).toBe('')
  })
})
