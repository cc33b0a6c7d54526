import { constants, createReadStream, createWriteStream } from 'node:fs'
import { copyFile, mkdir, open, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { withPartial } from './partials.ts'

/**
 * Writes a file so that a reader finds the old content or the new, never a part of it, whenever the process ends.
 * Missing folders are made.
 */
export async function writeAtomically(path: string, content: string | Uint8Array): Promise<void> {
  await replaceAtomically(path, async (temporary) => {
    const file = await open(temporary, 'wx')
    try {
      await file.writeFile(content)
      await file.sync()
    } finally {
      await file.close()
    }
  })
}

/** Copies a file as `writeAtomically` writes one; content is shared with the source where the file system can. */
export async function copyAtomically(from: string, to: string): Promise<void> {
  await replaceAtomically(to, async (temporary) => {
    await copyFile(from, temporary, constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL)
    await sync(temporary)
  })
}

/** Joins files, or ranges of files, into one as `writeAtomically` writes one. */
export async function joinAtomically(parts: readonly string[], to: string): Promise<void> {
  await replaceAtomically(to, async (temporary) => {
    for (const part of parts) await pipeline(createReadStream(part), createWriteStream(temporary, { flags: 'a' }))
    await sync(temporary)
  })
}

/** Lets `write` fill a temporary file beside `path`, and then puts it in the place of `path`. */
export async function replaceAtomically(path: string, write: (temporary: string) => Promise<void>): Promise<void> {
  const folder = dirname(path)
  await mkdir(folder, { recursive: true })
  await withPartial(path, async (temporary) => {
    await write(temporary)
    await rename(temporary, path)
  })
  await syncFolder(folder)
}

async function sync(path: string): Promise<void> {
  const file = await open(path, 'r+')
  try {
    await file.sync()
  } finally {
    await file.close()
  }
}

/** Makes the rename itself last; some systems cannot open a folder, and there the rename is as safe as it gets. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => undefined)
  if (handle === undefined) return
  try {
    await handle.sync().catch(() => undefined)
  } finally {
    await handle.close()
  }
}
