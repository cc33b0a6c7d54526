import { type Settings, UserError } from '@headgate/core'
import type { Runner } from '@headgate/runners'
import type { stage } from '../../stage.ts'
import type { Executor } from '../port.ts'
import { dockerExecutor } from './executor.ts'

/** The executor by the settings of a training. */
export async function openDocker({ docker }: Settings<typeof stage>, runner: Runner): Promise<Executor> {
  if (docker === undefined)
    throw new UserError({
      what: '`executor: docker` needs an image.',
      fix: 'Say `docker: {image: python:3.12-slim}`, or `docker: {build: .}` for a Dockerfile, under `train:` in headgate.yml.',
    })
  return dockerExecutor({
    settings: docker,
    workspace: runner.workspace,
    temporary: runner.temporary,
    environment: runner.environment,
    tell: (message) => runner.log.info(message),
    onBuildLine: (line) => runner.log.debug(line),
  })
}
