import { type EventKind, nearest, type StageName, stageNames, UserError } from '@headgate/core'

/** What the deploy settings say of going on by itself. */
export interface DeployRules {
  /** `push`: a push to the default branch deploys what it registered. */
  readonly on: 'push' | 'manual'
  /** A retraining that passed its gate is deployed without a person. */
  readonly autoPromote: boolean
}

const judge: readonly StageName[] = ['validate-data', 'train', 'evaluate-gate']

/**
 * The stages that an event asks for. Nothing on a pull request, or on a branch that is not the default one, writes a
 * tag, a ledger entry or a deployment.
 */
export function planStages(event: EventKind, asked: readonly string[], deploy: DeployRules): readonly StageName[] {
  switch (event) {
    case 'push':
      return [...judge, 'register-model', ...(deploy.on === 'push' ? (['deploy'] as const) : [])]
    case 'schedule':
      return ['drift-check']
    case 'dispatch':
      if (asked.length > 0) return stageNames.filter((name) => readStages(asked).has(name))
      return [...judge, 'register-model', ...(deploy.autoPromote ? (['deploy'] as const) : [])]
    default: {
      const wanted = asked.length > 0 ? readStages(asked) : new Set(judge)
      return judge.filter((name) => wanted.has(name))
    }
  }
}

function readStages(asked: readonly string[]): Set<string> {
  const problems = asked
    .filter((name) => !(stageNames as readonly string[]).includes(name))
    .map((name) => {
      const near = nearest(name, stageNames)
      return {
        what: `\`stages\`: there is no stage "${name}".`,
        fix: near ? `Did you mean "${near}"?` : `Stages: ${stageNames.join(', ')}.`,
      }
    })
  if (problems.length > 0) throw new UserError(problems)
  return new Set(asked)
}
