import type { AnyStage, CommonSettings, FailOn } from '@headgate/core'
import { failOns } from '@headgate/core'
import { z } from 'zod'
import type { OwnPlace, Surroundings } from './branch.ts'
import { openBaseBranch } from './branch.ts'

/**
 * What holds of a setting that both say: the stricter.
 * @param order its values, from the most lenient to the strictest.
 */
export function stricter<T>(order: readonly T[], one: T, other: T): T {
  return order.indexOf(one) >= order.indexOf(other) ? one : other
}

/**
 * Of the settings that every stage has, those by which a change could turn its own red green: where the base branch
 * has the model, its word holds, which a flag may make stricter.
 */
export async function holdCommon(
  { name, failOn }: Pick<AnyStage, 'name' | 'failOn'>,
  own: CommonSettings & OwnPlace & { readonly failOn: FailOn },
  runner: Surroundings & { readonly input: (name: string) => string | undefined },
): Promise<{ readonly failOn: FailOn; readonly dryRun: boolean }> {
  const base = openBaseBranch(runner)
  const found = await base?.settings({ name, failOn, settings: z.object({}) }, own)
  if (found?.settings === undefined) return own
  return {
    failOn: stricter(failOns, found.settings.failOn, own.failOn),
    dryRun: runner.input('dry-run') ? own.dryRun : found.settings.dryRun,
  }
}
