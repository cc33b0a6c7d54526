import { join } from 'node:path'
import { type Settings, UserError } from '@headgate/core'
import type { Runner } from '@headgate/runners'
import type { stage } from '../../stage.ts'
import type { Executor } from '../port.ts'
import { clientDriver } from './client.ts'
import { sparkExecutor } from './executor.ts'

/** The executor by the settings of a training. */
export function openSpark({ spark }: Settings<typeof stage>, runner: Runner): Executor {
  if (spark === undefined)
    throw new UserError({
      what: '`executor: spark` needs a master.',
      fix: 'Say `spark: {master: "local[*]"}`, or the master of your cluster, under `train:` in headgate.yml.',
    })
  if (spark.deployMode === 'cluster')
    throw new UserError({ what: '`deploy-mode: cluster` is not in this release.', fix: 'Say `deploy-mode: client`.' })
  const { environment, workspace, context } = runner
  const options = { settings: spark, environment, workspace }
  const driver = clientDriver({ ...options, root: stateFolder(runner), isEphemeral: context.ephemeral })
  return sparkExecutor({ driver, image: undefined })
}

/** Where programs of a user keep what outlives them (XDG Base Directory Specification). */
function stateFolder({ environment, temporary }: Runner): string {
  const { XDG_STATE_HOME, HOME } = environment
  const state = XDG_STATE_HOME || (HOME ? join(HOME, '.local/state') : temporary)
  return join(state, 'headgate', 'spark')
}
