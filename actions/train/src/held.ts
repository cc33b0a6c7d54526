import { openBaseBranch, stricter } from '@headgate/base-branch'
import type { Settings } from '@headgate/core'
import type { Runner } from '@headgate/runners'
import { type PullRequestRule, pullRequestRule, pullRequestRules } from './pull-request.ts'
import { stage } from './stage.ts'

/** By these a change could have itself judged without a training, or run up a bill. */
export type Held = Pick<Settings<typeof stage>, 'sweep' | 'detach'> & { readonly onPullRequest: PullRequestRule }

const decisiveBlock = {
  name: stage.name,
  failOn: stage.failOn,
  settings: stage.settings.pick({ executor: true, onPullRequest: true, sweep: true, detach: true }),
} as const

/** What holds of them where the base branch has the model: its word, but for flags. */
export async function holdSettings(own: Settings<typeof stage>, runner: Runner): Promise<Partial<Held>> {
  const base = (await openBaseBranch(runner)?.settings(decisiveBlock, own))?.settings
  if (base === undefined) return { sweep: own.sweep, detach: own.detach }
  const onPullRequest = heldRule(base, own)
  if (onPullRequest !== pullRequestRule(own))
    runner.log.notice(`\`on-pull-request\` is ${onPullRequest}: ${runner.context.base?.ref} says so.`)
  return {
    onPullRequest,
    sweep: runner.input('sweep') ? own.sweep : base.sweep,
    detach: runner.input('detach') ? own.detach : base.detach,
  }
}

type Rules = Parameters<typeof pullRequestRule>[0]

/**
 * On this machine a change may train more than the base branch asks for, never less. Elsewhere it costs: the base
 * branch’s word holds, and where it knows nothing of that executor a label is asked for.
 */
export function heldRule(base: Rules, own: Rules): PullRequestRule {
  const word = pullRequestRule({ ...base, executor: own.executor })
  if (own.executor === 'process') return stricter(pullRequestRules, word, pullRequestRule(own))
  return base.executor === own.executor || word === 'never' ? word : 'label'
}
