import { refuseUnset, type Settings, UserError } from '@headgate/core'
import type { Runner } from '@headgate/runners'
import { rayOf } from '@headgate/systems/ray'
import type { stage } from '../../stage.ts'
import type { Executor } from '../port.ts'
import { rayExecutor } from './executor.ts'

/** The executor by the settings of a training. */
export async function openRay({ ray }: Settings<typeof stage>, runner: Runner): Promise<Executor> {
  if (ray === undefined)
    throw new UserError({
      what: '`executor: ray` needs an address.',
      fix: 'Say `ray: {address: http://HOST:8265}`, the dashboard of the head, under `train:` in headgate.yml.',
    })
  const read = (key: string, text: string): string => refuseUnset(`ray: ${key}`, text)
  const token = ray.token === undefined ? undefined : read('token', ray.token)
  const headers = Object.entries(ray.headers).map(([name, text]) => [name, read('headers', text)] as const)
  for (const secret of [token, ...headers.map(([, value]) => value)]) if (secret) runner.mask(secret)
  return rayExecutor({
    ray: rayOf({
      key: 'ray: address',
      address: read('address', ray.address),
      headers: Object.fromEntries(headers),
      token,
      variables: runner.variables,
    }),
    settings: ray,
    temporary: runner.temporary,
    tell: (message) => runner.log.info(message),
  })
}
