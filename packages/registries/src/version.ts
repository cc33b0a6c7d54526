import type { Model } from '@headgate/core'
import { inc, rcompare } from 'semver'
import type { Bump, Registration } from './port.ts'

/**
 * The next version: the highest that was ever registered (0.0.0 before the first), with one part raised: `minor` for new
 * content behind the same inputs and outputs, `major` if callers must change, `patch` if nothing which they see is
 * different.
 */
export function nextVersion(taken: readonly string[], bump: Bump): string {
  const highest = [...taken].sort(rcompare)[0] ?? '0.0.0'
  const next = inc(highest, bump)
  if (next === null) throw new Error(`${highest} is no semantic version`)
  return next
}

/**
 * The version that already holds this content, made with the same training key. One whose verdict nobody recomputed
 * does not stand for one whose verdict was: it could not be deployed.
 */
export function sameContent(models: readonly Model[], registration: Registration): Model | undefined {
  const { digest, lineage } = registration
  const key = lineage.training?.key ?? null
  return models.find(
    (model) =>
      model.digest === digest &&
      (model.lineage.training?.key ?? null) === key &&
      (isRecomputed(model.lineage) || !isRecomputed(lineage)),
  )
}

function isRecomputed({ evaluation }: Model['lineage']): boolean {
  return evaluation?.recomputed === true
}
