import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Digest } from '@headgate/core'
import { digestOf, digestOfTree } from '@headgate/core'
import { digestFile } from '@headgate/files'
import { run, runBytes } from './run.ts'

/** The root of the work tree that a folder lies in. */
export function worktreeRoot(directory: string): Promise<string> {
  return run(directory, ['rev-parse', '--show-toplevel'])
}

/** The files that Git tracks under these paths (all without any), relative to `directory`, sorted. */
export async function trackedFiles(directory: string, paths: readonly string[] = []): Promise<string[]> {
  const listed = await runBytes(directory, ['ls-files', '-z', '--cached', '--', ...paths])
  return [...new Set(listed.toString('utf8').split('\0'))].filter((path) => path !== '').sort()
}

/**
 * A digest of what differs from `HEAD` under these paths: tracked files that changed and new ones that are not
 * ignored, by content. `null` when nothing does.
 */
export async function dirtyDigest(directory: string, paths: readonly string[] = []): Promise<Digest | null> {
  const root = await worktreeRoot(directory)
  const args = ['status', '--porcelain=v1', '-z', '--no-renames', '--untracked-files=all', '--', ...paths]
  const entries = (await runBytes(directory, args)).toString('utf8').split('\0')
  const changed = entries.filter((entry) => entry !== '').map((entry) => entry.slice(3))
  if (changed.length === 0) return null
  const files = changed.map(async (path) => ({ path, digest: await contentDigest(join(root, path)) }))
  return digestOfTree(await Promise.all(files))
}

async function contentDigest(path: string): Promise<Digest> {
  const found = await stat(path).catch(() => undefined)
  if (found === undefined) return digestOf('absent')
  return found.isFile() ? (await digestFile(path)).digest : digestOf('not a file')
}

/** The commit where two histories part. */
export function mergeBase(directory: string, one: string, other: string): Promise<string> {
  return run(directory, ['merge-base', '--', one, other])
}
