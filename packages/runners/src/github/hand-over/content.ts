import { cp, mkdir, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { StageName } from '@headgate/core'
import { listTree } from '@headgate/files'
import { pathsOf } from '../../parcels.ts'

/** A file of a parcel, by its path in the work folder. */
export interface Content {
  readonly path: string
  readonly bytes: number
}

/**
 * The files of a stage's parcel that are in a folder. A link counts as the file that it leads to.
 * @throws UserError for a link that leads outside of its folder.
 */
export async function contentOf(stage: StageName, folder: string): Promise<readonly Content[]> {
  const lists = await Promise.all(pathsOf(stage).map((path) => filesBelow(folder, path)))
  return Promise.all(lists.flat().map(async (path) => ({ path, bytes: (await stat(join(folder, path))).size })))
}

/** The files of a folder, or the file itself; nothing where there is neither. */
async function filesBelow(folder: string, path: string): Promise<string[]> {
  const found = await stat(join(folder, path)).catch(() => undefined)
  if (found?.isDirectory()) return (await listTree(join(folder, path))).map((inner) => `${path}/${inner}`)
  return found === undefined ? [] : [path]
}

/**
 * Moves a parcel from a folder to the work folder, in place of what is left there of another run. Whatever else is in
 * the folder stays there. Returns the files.
 */
export async function putInPlace(stage: StageName, from: string, workFolder: string): Promise<readonly string[]> {
  const content = await contentOf(stage, from)
  const paths = pathsOf(stage)
  // The document goes first and comes last, so that one never stands beside another run's files.
  for (const path of paths.toReversed()) await rm(join(workFolder, path), { recursive: true, force: true })
  await mkdir(workFolder, { recursive: true })
  for (const path of paths) {
    if (content.some((file) => file.path === path || file.path.startsWith(`${path}/`)))
      await move(join(from, path), join(workFolder, path))
  }
  return content.map(({ path }) => path)
}

async function move(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true })
  await rename(from, to).catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EXDEV') throw error
    await cp(from, to, { recursive: true })
  })
}
