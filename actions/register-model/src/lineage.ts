import type { Document, Model } from '@headgate/core'
import { digestOfValue } from '@headgate/core'
import type { Evidence } from './evidence.ts'

/** Of a model that was adopted from production. */
export const unknownLineage: Model['lineage'] = {
  commit: null,
  training: null,
  data: [],
  environment: null,
  evaluation: null,
  validation: null,
  imported: true,
}

/** Where a model comes from, by digests: written only once the verdict was recomputed. */
export function lineageOf({ training, evaluation, validation }: Evidence): Model['lineage'] {
  const { document } = training
  return {
    commit: document.code.commit,
    training: { digest: training.digest, key: document.key, runId: document.run.id },
    data: document.data.map(({ path, digest }) => ({ path, digest })),
    environment: digestOfValue(document.environment),
    evaluation: {
      digest: evaluation.digest,
      verdict: evaluation.document.verdict,
      baseline: baselineOf(evaluation.document),
      bootstrap: evaluation.document.bootstrap,
      recomputed: true,
    },
    validation: validation ? { digest: validation.digest, verdict: validation.document.verdict } : null,
    imported: false,
  }
}

/** The version that the gate compared with; `file` for one that is none. */
function baselineOf({ baseline }: Document<'evaluation'>): string | null {
  return baseline.version ?? (baseline.kind === 'none' ? null : baseline.kind)
}
