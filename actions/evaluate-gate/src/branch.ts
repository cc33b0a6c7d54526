import { openBaseBranch, readBaseBlock } from '@headgate/base-branch'
import type { GateSettings } from '@headgate/gate'
import { loadGateBlock } from '@headgate/gate'
import type { Runner } from '@headgate/runners'
import type { Base } from './ports.ts'

/** The base branch of this run's pull request or merge queue; elsewhere what `base-ref` names, if it does. */
export function openBase(settings: GateSettings, runner: Runner): Base | undefined {
  const { baseRef, ledger } = settings
  const branch = openBaseBranch(runner, { remote: ledger.remote, baseRef })
  if (branch === undefined) return undefined
  const { variables: environment, workspace } = runner
  const input = (name: string) => runner.input(name)
  return {
    ...branch,
    settings: () =>
      readBaseBlock(branch, settings, (read) => loadGateBlock(settings.model, { input, read, environment, workspace })),
  }
}
