import type { Container } from '@headgate/systems/docker'
import { labelsIn, labelText, labelTexts, prefix } from '../labels.ts'
import type { ListedJob, Spec } from '../port.ts'
import { stateOf } from './status.ts'

/** By this label a model’s containers are listed. */
export function modelLabel(model: string): string {
  return `${prefix}model=${model}`
}

/** What a container is known by when nobody holds its handle. */
export function labelsOf(spec: Spec, hasShell: boolean): Record<string, string> {
  return labelTexts(spec, { name: spec.name, joined: String(hasShell) })
}

export function runIdOf({ labels }: Container): string {
  return labelText(labels, 'run-id')
}

/** Whether both of its streams come as one. */
export function isJoined({ labels }: Container): boolean {
  return labelText(labels, 'joined') === 'true'
}

/** A container as a job that is listed. */
export function listedJob({ id, createdAt, state, labels }: Container, engine: string): ListedJob {
  return {
    job: { id, engine },
    name: labelText(labels, 'name'),
    state: stateOf(state),
    submittedAt: createdAt,
    labels: labelsIn(labels),
  }
}
