import { type Settings, UserError } from '@headgate/core'
import type { Runner } from '@headgate/runners'
import { readVersion } from '@headgate/systems/ray'
import type { stage } from '../../stage.ts'
import type { Executor } from '../port.ts'
import { rayExecutor } from './executor.ts'
import { raySettings } from './settings.ts'

/** The executor by the settings of a training, after a look at whether Ray answers. */
export async function openRay({ ray: block, env }: Settings<typeof stage>, runner: Runner): Promise<Executor> {
  const settings = block ?? raySettings.parse({})
  const token = env.RAY_AUTH_TOKEN ?? runner.variables.RAY_AUTH_TOKEN
  if (token) runner.mask(token)
  const ray = {
    address: addressOf(settings.address, runner.variables),
    headers: token ? { authorization: `Bearer ${token}` } : {},
  }
  runner.log.debug(`Ray ${await readVersion(ray)} at ${ray.address}.`)
  return rayExecutor({ ray, settings, temporary: runner.temporary })
}

/** @throws UserError for an address that is not the dashboard's. */
export function addressOf(given: string | undefined, variables: Runner['variables']): string {
  const named = variables.RAY_API_SERVER_ADDRESS || variables.RAY_ADDRESS
  const address = given ?? (named || undefined)
  const fix = 'Say `ray: {address: http://head:8265}` under `train:` in headgate.yml, or set RAY_API_SERVER_ADDRESS.'
  if (address === undefined)
    throw new UserError({ what: '`executor: ray` needs the address of the head’s dashboard.', fix })
  const url = URL.canParse(address) ? new URL(address) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    const what = `\`ray: {address}\`: ${address} is not the address of a dashboard, which begins with http:// or https://.`
    throw new UserError({ what, fix })
  }
  if (url.username !== '' || url.password !== '')
    throw new UserError({ what: '`ray: {address}` may not hold a password.', fix: 'Set RAY_AUTH_TOKEN from a secret.' })
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}`
}
