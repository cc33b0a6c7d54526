import type { Identity, ListedJob, Spec } from './port.ts'

type Labels = ListedJob['labels']

/** Before every name. */
export const prefix = 'headgate.'

/** What a job is known by, and `more`, as texts by name: for systems that keep such texts with it. */
export function labelTexts(
  { model, runId, key, labels }: Spec,
  more: Readonly<Record<string, string>> = {},
): Record<string, string> {
  const texts = {
    model,
    key,
    'run-id': runId,
    commit: labels.commit,
    deadline: labels.deadline ?? '',
    detached: String(labels.isDetached),
    'ci-run': labels.ciRun ?? '',
    ...more,
  }
  return Object.fromEntries(Object.entries(texts).map(([label, text]) => [prefix + label, text]))
}

/** One of these texts; empty where it is not there. */
export function labelText(texts: Readonly<Record<string, string>> | null | undefined, label: string): string {
  return texts?.[prefix + label] ?? ''
}

/** Which training the texts stand for; `undefined` where they are of something else. */
export function identityIn(texts: Readonly<Record<string, string>> | null | undefined): Identity | undefined {
  const [model, key, runId] = ['model', 'key', 'run-id'].map((label) => labelText(texts, label))
  return model && key && runId ? { model, key, runId } : undefined
}

/** The labels that the texts stand for. */
export function labelsIn(texts: Readonly<Record<string, string>> | null | undefined): Labels {
  return {
    runId: labelText(texts, 'run-id'),
    commit: labelText(texts, 'commit'),
    deadline: labelText(texts, 'deadline') || null,
    isDetached: labelText(texts, 'detached') === 'true',
    ciRun: labelText(texts, 'ci-run') || null,
  }
}
