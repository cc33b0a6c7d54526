import type { File } from '@headgate/core'
import { OutsideError } from '@headgate/core'
import { confine, digestFile, replaceAtomically } from '@headgate/files'
import type { Store } from './port.ts'

/** The name of a file's bytes in any store. */
export function objectName(digest: string): string {
  return digest.replace(':', '-')
}

/** Lets `bring` fill a temporary file, and gives it its name below `into` only if it has the content that was promised. */
export async function placeVerified(
  store: Pick<Store, 'kind' | 'location'>,
  file: File,
  into: string,
  bring: (temporary: string) => Promise<void>,
): Promise<void> {
  await replaceAtomically(confine(into, file.path), async (temporary) => {
    await bring(temporary)
    const found = await digestFile(temporary)
    if (found.digest !== file.digest) throw damaged(store, file, found.digest)
  })
}

/** The store does not have what the registry says it has. */
export function missing(store: Pick<Store, 'kind' | 'location'>, file: File): OutsideError {
  return new OutsideError({
    tried: `Looked for ${file.path} (${file.digest}) in the ${store.kind} store ${store.location}.`,
    state: 'It is not there, although it was stored once.',
    next: 'Restore the store from a backup, or store it again: register the model, or run the job that handed it over.',
  })
}

function damaged(store: Pick<Store, 'kind' | 'location'>, file: File, found: string): OutsideError {
  return new OutsideError({
    tried: `Fetched ${file.path} from the ${store.kind} store ${store.location}.`,
    state: `Its content has changed: ${file.digest} was stored, ${found} came back. Nothing was put in place.`,
    next: 'Find out who changed the store; registering the model again stores the right content.',
  })
}
