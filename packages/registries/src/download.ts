import type { File, Model } from '@headgate/core'
import { digestOfTree, UserError } from '@headgate/core'
import type { Store } from '@headgate/stores'

/**
 * Brings a version's files into a folder, each verified by its digest, and all of them by the model's.
 * @throws UserError when the record contradicts itself; OutsideError when the store lacks a file or holds another.
 */
export async function downloadModel(store: Store, model: Model, into: string): Promise<void> {
  if (digestOfTree(model.files) !== model.digest)
    throw new UserError({
      what: `the record of ${model.name} ${model.version} lists other files than its digest says.`,
    })
  await store.fetch(model, model.files, into)
}

/** Brings what is kept beside a version, such as `predictions.parquet`; returns the files that it has of those wanted. */
export async function downloadAttachments(
  store: Store,
  model: Model,
  isWanted: (path: string) => boolean,
  into: string,
): Promise<readonly File[]> {
  const files = model.attachments.filter(({ path }) => isWanted(path))
  await store.fetch(model, files, into)
  return files
}
