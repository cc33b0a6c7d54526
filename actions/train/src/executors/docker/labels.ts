import type { Container } from '@headgate/systems/docker'
import type { ListedJob, Spec } from '../port.ts'
import { stateOf } from './status.ts'

const prefix = 'headgate.'

/** By this label a model’s containers are listed. */
export function modelLabel(model: string): string {
  return `${prefix}model=${model}`
}

/** What a container is known by when nobody holds its handle. */
export function labelsOf({ name, model, key, labels }: Spec, hasShell: boolean): Record<string, string> {
  const values = {
    name,
    model,
    key,
    'run-id': labels.runId,
    commit: labels.commit,
    deadline: labels.deadline ?? '',
    detached: String(labels.isDetached),
    'ci-run': labels.ciRun ?? '',
    joined: String(hasShell),
  }
  return Object.fromEntries(Object.entries(values).map(([label, value]) => [prefix + label, value]))
}

export function runIdOf({ labels }: Container): string {
  return labels[`${prefix}run-id`] ?? ''
}

/** Whether both of its streams come as one. */
export function isJoined({ labels }: Container): boolean {
  return labels[`${prefix}joined`] === 'true'
}

/** A container as a job that is listed. */
export function listedJob(container: Container, engine: string): ListedJob {
  const label = (name: string): string => container.labels[prefix + name] ?? ''
  return {
    job: { id: container.id, engine },
    name: label('name'),
    state: stateOf(container.state),
    submittedAt: container.createdAt,
    labels: {
      runId: runIdOf(container),
      commit: label('commit'),
      deadline: label('deadline') || null,
      isDetached: label('detached') === 'true',
      ciRun: label('ci-run') || null,
    },
  }
}
