import type { ExecutorName } from './executors/port.ts'
import type { Ports } from './ports.ts'

/** From the strictest for the bill to the strictest for the judgement. */
export const pullRequestRules = ['never', 'label', 'always'] as const
export type PullRequestRule = (typeof pullRequestRules)[number]

interface Said {
  readonly executor: ExecutorName
  readonly onPullRequest?: PullRequestRule | undefined
  readonly attach?: string | undefined
  readonly sweep?: boolean | undefined
}

const label = 'train'

/** The rule that holds: a process costs the CI job that is there anyway; what runs elsewhere is asked for. */
export function pullRequestRule({ executor, onPullRequest }: Said): PullRequestRule {
  return onPullRequest ?? (executor === 'process' ? 'always' : 'label')
}

/** Why this event submits no training, by `on-pull-request`; `undefined` when it does, or none is asked for. */
export function reasonNotToTrain(
  settings: Said,
  { context: { event }, labels }: Pick<Ports, 'context' | 'labels'>,
): string | undefined {
  const rule = pullRequestRule(settings)
  if (event !== 'pull-request' || rule === 'always') return undefined
  if (settings.attach !== undefined || settings.sweep) return undefined
  const why = settings.onPullRequest ? `\`on-pull-request: ${rule}\`` : `\`executor: ${settings.executor}\``
  if (rule === 'never') return `pull requests do not train (${why}).`
  return labels.includes(label) ? undefined : `the pull request is not labelled \`${label}\` (${why}).`
}
