import type { MetricName } from '@headgate/statistics'
import { metrics } from '@headgate/statistics'
import type { GateSettings } from './settings.ts'

/** Which column plays which part. */
export interface Roles {
  readonly id: string
  readonly label: string
  readonly prediction: string
  readonly scores: readonly string[]
  readonly weight: string | undefined
}

export function rolesOf(settings: GateSettings): Roles {
  return {
    id: settings.id ?? 'id',
    label: settings.label ?? 'label',
    prediction: settings.prediction ?? 'prediction',
    scores: many(settings.score ?? 'score'),
    weight: settings.weight,
  }
}

/** A setting of one text or several as a list. */
export function many(value: undefined | string | number | boolean | readonly (string | number | boolean)[]): string[] {
  return value === undefined ? [] : [value].flat().map(String)
}

/** What the metrics in use need of the predictions. */
export function needsOf(names: readonly MetricName[]): ReadonlySet<'label' | 'score' | 'value'> {
  return new Set(names.map((name) => metrics[name].needs))
}

/** The columns that a file of predictions must have. */
export function neededColumns(names: readonly MetricName[], roles: Roles): string[] {
  const needs = needsOf(names)
  const prediction = needs.has('label') || needs.has('value') ? [roles.prediction] : []
  return needs.has('score') ? [...prediction, ...roles.scores] : prediction
}
