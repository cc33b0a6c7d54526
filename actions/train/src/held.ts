import { openBaseBranch, stricter } from '@headgate/base-branch'
import type { Settings } from '@headgate/core'
import { digestOfValue } from '@headgate/core'
import type { Runner } from '@headgate/runners'
import { executorBlocks } from './executors/blocks.ts'
import { type PullRequestRule, pullRequestRule, pullRequestRules } from './pull-request.ts'
import { stage } from './stage.ts'

/** By these a change could have itself judged without a training, or run up a bill. */
export type Held = Pick<Settings<typeof stage>, 'sweep' | 'detach'> & { readonly onPullRequest: PullRequestRule }

const decisive = {
  executor: true,
  onPullRequest: true,
  sweep: true,
  detach: true,
  timeout: true,
  memory: true,
} as const

/** With the block of the executor in use: of the others, a connection may not be known here. */
function decisiveBlock({ executor }: Settings<typeof stage>) {
  const picked = stage.settings.pick(decisive)
  const settings = executor === 'process' ? picked : picked.extend({ [executor]: executorBlocks[executor] })
  return { name: stage.name, failOn: stage.failOn, settings: settings as typeof picked } as const
}

/** What holds of them where the base branch has the model: its word, but for flags. */
export async function holdSettings(own: Settings<typeof stage>, runner: Runner): Promise<Partial<Held>> {
  const base = (await openBaseBranch(runner)?.settings(decisiveBlock(own), own))?.settings
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

type Limits = Pick<Settings<typeof stage>, 'timeout' | 'memory' | keyof typeof executorBlocks>
type Rules = Parameters<typeof pullRequestRule>[0] & Partial<Limits>

/**
 * On this machine a change may train more than the base branch asks for, never less. Elsewhere it costs: the base
 * branch’s word holds, and a label is asked for where it knows nothing of that executor, or where the change asks that
 * executor for other things, or for more time or memory.
 */
export function heldRule(base: Rules, own: Rules): PullRequestRule {
  const word = pullRequestRule({ ...base, executor: own.executor })
  if (own.executor === 'process') return stricter(pullRequestRules, word, pullRequestRule(own))
  if (word === 'never') return word
  return base.executor === own.executor && !mayCostMore(base, own) ? word : 'label'
}

function mayCostMore(base: Rules, own: Rules): boolean {
  const blockOf = (rules: Rules): unknown => (own.executor === 'process' ? null : (rules[own.executor] ?? null))
  const isMore = (limit: 'timeout' | 'memory'): boolean =>
    (own[limit] ?? Number.POSITIVE_INFINITY) > (base[limit] ?? Number.POSITIVE_INFINITY)
  return digestOfValue(blockOf(base)) !== digestOfValue(blockOf(own)) || isMore('timeout') || isMore('memory')
}
