import { basename, dirname, join } from 'node:path'
import type { Document, DocumentKind, Model } from '@headgate/core'
import { documentFile, UserError } from '@headgate/core'
import { readDocument } from '@headgate/files'
import { downloadAttachments } from '@headgate/registries'
import type { Store } from '@headgate/stores'

/** What a version keeps of its training. */
export interface Origin {
  readonly record: Model
  readonly training: Document<'training'>
  /** What the gate said; `undefined` where the version does not keep it. */
  readonly evaluation: Document<'evaluation'> | undefined
  /** Absolute path of the predictions that the training left; `undefined` where the version does not keep them. */
  readonly predictions: string | undefined
}

/**
 * Brings what is kept beside a version, verified by its digests.
 * @throws UserError where the version does not say how it was trained.
 */
export async function fetchOrigin(record: Model, store: Store, into: string): Promise<Origin> {
  const isWanted = (path: string): boolean =>
    /^(training\.json|evaluation\.json|predictions\.\w+)$/.test(basename(path))
  const files = await downloadAttachments(store, record, isWanted, into)
  const read = async <K extends DocumentKind>(kind: K): Promise<Document<K> | undefined> => {
    const file = files.find(({ path }) => basename(path) === documentFile(kind))
    return file && readDocument(kind, join(into, dirname(file.path)))
  }
  const training = await read('training')
  const { lineage, name, version } = record
  if (lineage.imported || lineage.training === null || training === undefined)
    throw new UserError({
      what: `${name} ${version} does not say how it was trained: ${lineage.imported ? 'it was adopted from production' : 'it keeps no training.json'}.`,
      fix: 'Only a version that Headgate trained and registered can be trained again.',
    })
  const kept = files.find(({ digest }) => digest === training.predictions?.digest)
  return {
    record,
    training,
    evaluation: await read('evaluation'),
    predictions: kept && join(into, kept.path),
  }
}
