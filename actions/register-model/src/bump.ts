import type { Evaluation } from '@headgate/core'
import type { Bump } from '@headgate/registries'

/**
 * Which part of the version is raised when nobody says: `patch` where the gate compared with a version, pair by pair,
 * and every difference that it measured may as well be none (its interval holds 0), so that whoever calls the model
 * cannot tell; `minor` otherwise. That callers must change, `major`, no measurement says.
 */
export function bumpOf(evaluation: Pick<Evaluation, 'baseline' | 'metrics'> | undefined): Bump {
  if (evaluation === undefined || evaluation.baseline.version === null || !evaluation.baseline.paired) return 'minor'
  const differences = evaluation.metrics.flatMap(({ interval }) => (interval?.of === 'difference' ? [interval] : []))
  const areAlike = differences.every(({ low, high }) => low !== null && high !== null && low <= 0 && high >= 0)
  return differences.length > 0 && areAlike ? 'patch' : 'minor'
}
