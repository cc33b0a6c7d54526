import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { lstat, readdir, realpath, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Digest, File } from '@headgate/core'
import { digestOfTree, UserError } from '@headgate/core'
import { isInside } from './confine.ts'

/** A folder by content: the digest of its tree, its files by path, and their bytes in sum. */
export interface Tree {
  readonly digest: Digest
  readonly files: readonly File[]
  readonly bytes: number
}

/** The SHA-256 and the length of a file, read as a stream. */
export async function digestFile(path: string): Promise<{ digest: Digest; bytes: number }> {
  const hash = createHash('sha256')
  let bytes = 0
  for await (const chunk of createReadStream(path)) {
    hash.update(chunk as Buffer)
    bytes += (chunk as Buffer).length
  }
  return { digest: `sha256:${hash.digest('hex')}`, bytes }
}

/**
 * The files of a folder and its subfolders, relative, with `/` between the parts, sorted by code unit. A link to a
 * file of the same folder counts as that file.
 * @throws UserError for links that lead outside or to a folder, for what is no file, and for line breaks in names.
 */
export async function listTree(folder: string): Promise<string[]> {
  const root = await realpath(folder)
  const found: string[] = []
  await collect(root, '', found)
  return found.sort((a, b) => (a < b ? -1 : 1))
}

async function collect(root: string, under: string, found: string[]): Promise<void> {
  for (const entry of await readdir(join(root, under), { withFileTypes: true })) {
    const path = under === '' ? entry.name : `${under}/${entry.name}`
    if (/[\r\n]/.test(entry.name)) throw refused(root, path, 'has a line break in its name.')
    if (await isUndecodable(root, path)) throw refused(root, path, 'has a name that is not UTF-8.')
    if (entry.isDirectory()) await collect(root, path, found)
    else if (entry.isFile() || (await isLinkWithin(root, path))) found.push(path)
    else throw refused(root, path, 'is neither a file nor a folder.')
  }
}

/** Bytes that are no UTF-8 are read as this character, by which nothing is found again. */
async function isUndecodable(root: string, path: string): Promise<boolean> {
  return path.includes('\ufffd') && (await lstat(join(root, path)).catch(() => undefined)) === undefined
}

async function isLinkWithin(root: string, path: string): Promise<boolean> {
  const target = await realpath(join(root, path)).catch(() => undefined)
  if (target === undefined) throw refused(root, path, 'is a link to nothing.')
  if (!isInside(root, target)) throw refused(root, path, 'is a link that leads outside of its folder.')
  if ((await stat(target)).isDirectory()) throw refused(root, path, 'is a link to a folder.')
  return (await stat(target)).isFile()
}

function refused(root: string, path: string, what: string): UserError {
  return new UserError({ what, where: { file: join(root, path) }, fix: 'Put the file itself there, or leave it out.' })
}

/** Digests every file of a folder, and the folder as a tree. */
export async function digestTree(folder: string): Promise<Tree> {
  const files: File[] = []
  for (const path of await listTree(folder)) files.push({ path, ...(await digestFile(join(folder, path))) })
  return { digest: digestOfTree(files), files, bytes: files.reduce((sum, file) => sum + file.bytes, 0) }
}
