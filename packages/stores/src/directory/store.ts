import { copyFile, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { File } from '@headgate/core'
import { OutsideError, UserError } from '@headgate/core'
import { copyAtomically, digestFile, sweepPartials } from '@headgate/files'
import type { StoreOptions } from '../open.ts'
import type { Place, Source, Store } from '../port.ts'
import { missing, objectName, placeVerified } from '../verify.ts'

/**
 * Files in a folder that outlives the job: `<location>/<model>/sha256-<digest>`.
 * @throws UserError without a folder, and in a runner that goes away with it.
 */
export function directoryStore(location: string, options: StoreOptions): Store {
  if (location === '')
    throw new UserError({ what: 'the store `directory` needs a folder.', fix: 'Say `directory:PATH`.' })
  if (options.ephemeral) throw lost(location)
  const root = resolve(options.workspace, location)
  const self = { kind: 'directory', location }
  const pathOf = (place: Place, file: File) => join(root, place.name, objectName(file.digest))
  return {
    ...self,
    put: async (place, files) => {
      // Models are large: what a killed run left of one would fill the disk.
      await sweepPartials(join(root, place.name))
      for (const file of files) await keep(file, pathOf(place, file))
    },
    fetch: async (place, files, into) => {
      for (const file of files) {
        const path = pathOf(place, file)
        if (!(await isFile(path))) throw missing(self, file)
        await placeVerified(self, file, into, (temporary) => copyFile(path, temporary))
      }
    },
  }
}

function lost(location: string): UserError {
  return new UserError({
    what: `the store directory:${location} would be lost: this runner goes away with its job, and the folder with it.`,
    fix: 'Say `store: release`, or run on a runner that stays.',
  })
}

/** Stores a file unless it is there already, whole. */
async function keep(file: Source, path: string): Promise<void> {
  if ((await isFile(path)) && (await digestFile(path)).digest === file.digest) return
  await copyAtomically(file.source, path).catch((error: unknown) => {
    throw unwritable(path, error)
  })
}

function unwritable(path: string, cause: unknown): OutsideError {
  return new OutsideError(
    {
      tried: `Wrote ${path} to the directory store.`,
      state: `It failed (${(cause as Error).message}); no version refers to the file yet.`,
      next: 'Make room, or make the folder writable, then run again.',
    },
    { cause },
  )
}

async function isFile(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isFile() ?? false
}
