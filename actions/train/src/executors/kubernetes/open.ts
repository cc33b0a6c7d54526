import { type Settings, UserError } from '@headgate/core'
import type { Runner } from '@headgate/runners'
import type { stage } from '../../stage.ts'
import type { Executor } from '../port.ts'
import { kubernetesExecutor } from './executor.ts'

/** The executor by the settings of a training. */
export async function openKubernetes({ kubernetes }: Settings<typeof stage>, runner: Runner): Promise<Executor> {
  if (kubernetes === undefined)
    throw new UserError({
      what: '`executor: kubernetes` needs an image.',
      fix: 'Say `kubernetes: {image: ghcr.io/acme/train:1}` under `train:` in headgate.yml.',
    })
  const { workspace, variables } = runner
  return kubernetesExecutor({ settings: kubernetes, workspace, environment: variables })
}
