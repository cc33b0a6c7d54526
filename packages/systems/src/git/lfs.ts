import { open } from 'node:fs/promises'
import { relative, sep } from 'node:path'
import type { Digest } from '@headgate/core'
import { UserError } from '@headgate/core'
import { attempt, type GitToken, gitError } from './run.ts'

/** What stands in a work tree for a file that Git LFS keeps. */
export interface LfsPointer {
  /** Of the file itself. */
  readonly digest: Digest
  readonly bytes: number
}

const longestPointer = 1024
const pointerPattern =
  /^version https:\/\/git-lfs\.github\.com\/spec\/v1\n(?:[^\n]*\n)*?oid sha256:([0-9a-f]{64})\nsize (\d+)\n$/

/** The pointer that a file is; `undefined` when it is a file of its own. */
export async function readLfsPointer(path: string): Promise<LfsPointer | undefined> {
  const file = await open(path, 'r')
  try {
    const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(longestPointer + 1), position: 0 })
    if (bytesRead > longestPointer) return undefined
    const [, oid, size] = pointerPattern.exec(buffer.toString('utf8', 0, bytesRead)) ?? []
    return oid === undefined ? undefined : { digest: `sha256:${oid}`, bytes: Number(size) }
  } finally {
    await file.close()
  }
}

/** Works without `git lfs install`, which a fresh runner has not seen. */
const filters = [
  'filter.lfs.clean=git-lfs clean -- %f',
  'filter.lfs.smudge=git-lfs smudge -- %f',
  'filter.lfs.process=git-lfs filter-process',
  'filter.lfs.required=true',
].flatMap((setting) => ['-c', setting])

/**
 * Puts the content of these files (absolute paths) in the place of their pointers.
 * @throws UserError when Git LFS is not installed; OutsideError when its server does not give them.
 */
export async function pullLfs(directory: string, paths: readonly string[], token?: GitToken): Promise<void> {
  const names = paths.map((path) =>
    relative(directory, path)
      .split(sep)
      .join('/')
      .replace(/[*?[\]{}\\,]/g, '?'),
  )
  const args = [...filters, 'lfs', 'pull', `--include=${names.join(',')}`, '--exclude=']
  const result = await attempt(directory, args, { token })
  if (result.code === 0) return
  if (/is not a git command/.test(result.stderr))
    throw new UserError({
      what: `${names.join(', ')}: only the pointer of Git LFS is here, and Git LFS is not installed.`,
      fix: 'Install git-lfs, or check out with `lfs: true`.',
    })
  throw gitError(directory, ['lfs', 'pull', ...names], result)
}
