import { basename, dirname, resolve } from 'node:path'
import type { Training } from '@headgate/core'
import { digestFile } from '@headgate/files'
import { git } from '@headgate/systems'
import { readLock } from '@headgate/systems/dvc'

/** The locks of the pipelines in a work tree, and what those made: results, and no code. */
export interface Locks {
  readonly isGit: boolean
  /** By path relative to the work tree. */
  readonly digests: Readonly<Record<string, string>>
  /** Absolute paths of the locks and of what they say the stages made. */
  readonly results: readonly string[]
}

const lockName = 'dvc.lock'

/** Reads the locks that Git tracks, where the work tree is one of Git, and that of its root. */
export async function readLocks(workspace: string, isGit: boolean): Promise<Locks> {
  const tracked = isGit ? await git.trackedFiles(workspace, [`*${lockName}`]) : []
  const paths = new Set([...tracked.filter((path) => basename(path) === lockName), lockName])
  const digests: Record<string, string> = {}
  const results: string[] = []
  for (const path of paths) {
    const absolute = resolve(workspace, path)
    const found = await digestFile(absolute).catch(() => undefined)
    if (found === undefined) continue
    digests[path] = found.digest
    const lock = await readLock(dirname(absolute))
    results.push(absolute, ...(lock?.outs ?? []).map((out) => out.path))
  }
  return { isGit, digests, results }
}

/** The locks as a training left them, beside those of before. */
export async function compareLocks(workspace: string, before: Locks): Promise<NonNullable<Training['dvc']>> {
  const { digests } = await readLocks(workspace, before.isGit)
  return {
    locks: Object.entries(digests).map(([path, digest]) => ({
      path,
      digest,
      changed: before.digests[path] !== digest,
    })),
  }
}
