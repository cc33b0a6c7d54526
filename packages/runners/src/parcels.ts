import { documentFile, type StageKind, type StageName } from '@headgate/core'

/** What a stage leaves in the work folder for later jobs. */
interface Parcel {
  readonly document: StageKind
  /** Files, and folders with all that is in them. */
  readonly besides: readonly string[]
}

export const parcels: Readonly<Record<StageName, Parcel>> = {
  'validate-data': { document: 'validation', besides: ['profile.json'] },
  train: { document: 'training', besides: ['output', 'failed'] },
  'evaluate-gate': { document: 'evaluation', besides: ['evidence'] },
  'register-model': { document: 'model', besides: [] },
  deploy: { document: 'deployment', besides: [] },
  'drift-check': { document: 'drift', besides: [] },
}

/** The paths of a stage's parcel, the document last: where it lies, everything does. */
export function pathsOf(stage: StageName): readonly string[] {
  const { document, besides } = parcels[stage]
  return [...besides, documentFile(document)]
}
