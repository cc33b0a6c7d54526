import { unsetReference } from '@headgate/core'
import type { Runner } from './port.ts'

/** The same runner, with the token that the settings name in place of the runner's own; hidden from then on. */
export function withToken(runner: Runner, settings: { readonly token?: string | undefined }): Runner {
  const { context } = runner
  const token = tokenOf(settings, runner)
  if (token !== undefined) runner.mask(token)
  if (token === undefined || context.forge === undefined) return runner
  return { ...runner, context: { ...context, forge: { ...context.forge, token } } }
}

/** The token that the settings name; a pull request from a fork has not the variable that it may stand in. */
function tokenOf({ token = '' }: { readonly token?: string | undefined }, { log }: Runner): string | undefined {
  const unset = unsetReference(token)
  if (unset !== undefined) log.notice(`\`token\`: ${unset} is not set, and the runner’s own token is taken.`)
  return unset === undefined && token !== '' ? token : undefined
}
