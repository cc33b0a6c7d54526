import { type Settings, UserError } from '@headgate/core'
import type { Runner } from '@headgate/runners'
import type { stage } from '../stage.ts'
import type { TargetName } from './names.ts'
import type { Target } from './port.ts'

type Open = (settings: Settings<typeof stage>, runner: Runner) => Target | Promise<Target>

const targets: Readonly<Partial<Record<TargetName, () => Promise<Open>>>> = {
  process: async () => (await import('./process/open.ts')).openProcess,
}

/**
 * Opens the target by its setting.
 * @throws UserError for one that this release does not have, and for settings that it cannot work with.
 */
export async function openTarget(settings: Settings<typeof stage>, runner: Runner): Promise<Target> {
  const load = targets[settings.target]
  if (load !== undefined) return (await load())(settings, runner)
  throw new UserError({
    what: `\`target: ${settings.target}\` is not in this release.`,
    fix: `It has ${Object.keys(targets)
      .map((name) => `\`target: ${name}\``)
      .join(', ')}.`,
  })
}
