import { openBaseBranch, readBaseBlock } from '@headgate/base-branch'
import type { Settings } from '@headgate/core'
import type { Runner } from '@headgate/runners'
import { loadSettings } from '@headgate/settings'
import type { Base } from './ports.ts'
import { stage } from './stage.ts'

/** The stage's block, where the base branch may leave open what this run says. */
const baseStage = {
  ...stage,
  settings: stage.settings.extend({
    data: stage.settings.shape.data.optional(),
    contract: stage.settings.shape.contract.optional(),
  }),
}

/** The base branch of this run's pull request or merge queue, and what it says of this stage. */
export function openBase(own: Settings<typeof stage>, runner: Runner): Base | undefined {
  const branch = openBaseBranch(runner, { remote: 'origin' })
  if (branch === undefined) return undefined
  const { variables: environment, workspace } = runner
  // No flag of this run but which model of which file it is about.
  const input = (name: string) => (name === 'model' || name === 'config' ? own[name] : undefined)
  return {
    ...branch,
    settings: () =>
      readBaseBlock(branch, own, (read) => loadSettings(baseStage, { input, read, environment, workspace })),
  }
}
