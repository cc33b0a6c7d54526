import { join } from 'node:path'
import { type Settings, UserError } from '@headgate/core'
import type { Runner } from '@headgate/runners'
import type { stage } from '../../stage.ts'
import type { Executor } from '../port.ts'
import { clientDriver } from './client.ts'
import { clusterDriver } from './cluster.ts'
import { sparkExecutor } from './executor.ts'
import { machineOf } from './machine.ts'
import { standaloneSubmitter } from './standalone.ts'
import { sparkSubmitter } from './submitted.ts'

/** The executor by the settings of a training. */
export function openSpark({ spark }: Settings<typeof stage>, runner: Runner): Executor {
  if (spark === undefined)
    throw new UserError({
      what: '`executor: spark` needs a master.',
      fix: 'Say `spark: {master: "local[*]"}`, or the master of your cluster, under `train:` in headgate.yml.',
    })
  const { environment, workspace, context } = runner
  const options = { settings: spark, environment, workspace }
  if (spark.deployMode === 'client')
    return sparkExecutor({
      driver: clientDriver({ ...options, root: stateFolder(runner), isEphemeral: context.ephemeral }),
      image: undefined,
      machine: machineOf(spark),
    })
  const submitter = spark.master.startsWith('spark://') ? standaloneSubmitter(spark) : sparkSubmitter(options)
  return sparkExecutor({
    driver: clusterDriver({ settings: spark, submitter }),
    image: imageOf(spark.conf),
    machine: machineOf(spark),
  })
}

/** The image of a driver in Kubernetes, as the settings name it. */
function imageOf(conf: Readonly<Record<string, string>>): string | undefined {
  return conf['spark.kubernetes.driver.container.image'] ?? conf['spark.kubernetes.container.image']
}

/** Where programs of a user keep what outlives them (XDG Base Directory Specification). */
function stateFolder({ environment, temporary }: Runner): string {
  const { XDG_STATE_HOME, HOME } = environment
  const state = XDG_STATE_HOME || (HOME ? join(HOME, '.local/state') : temporary)
  return join(state, 'headgate', 'spark')
}
