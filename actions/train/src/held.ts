import { openBaseBranch, stricter } from '@headgate/base-branch'
import type { Settings } from '@headgate/core'
import type { Runner } from '@headgate/runners'
import { stage } from './stage.ts'

/** By these a change could have itself judged without a training: whether there is one. */
export type Held = Pick<Settings<typeof stage>, 'onPullRequest' | 'sweep' | 'detach'>

const decisiveBlock = {
  name: stage.name,
  failOn: stage.failOn,
  settings: stage.settings.pick({ onPullRequest: true, sweep: true, detach: true }),
} as const

const order = ['never', 'label', 'always'] as const

/** What holds of them: where the base branch has the model, its word, which a flag may make stricter. */
export async function holdSettings(own: Settings<typeof stage>, runner: Runner): Promise<Held> {
  const found = await openBaseBranch(runner)?.settings(decisiveBlock, own)
  if (found?.settings === undefined) return own
  const { onPullRequest, sweep, detach } = found.settings
  if (stricter(order, onPullRequest, own.onPullRequest) !== own.onPullRequest)
    runner.log.notice(`\`on-pull-request\` is ${onPullRequest}: ${runner.context.base?.ref} says so.`)
  return {
    onPullRequest: stricter(order, onPullRequest, own.onPullRequest),
    sweep: runner.input('sweep') ? own.sweep : sweep,
    detach: runner.input('detach') ? own.detach : detach,
  }
}
