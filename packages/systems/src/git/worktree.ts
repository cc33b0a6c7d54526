import { realpath, stat } from 'node:fs/promises'
import { basename, dirname, join, relative, resolve, sep } from 'node:path'
import type { Digest } from '@headgate/core'
import { digestOf, digestOfTree } from '@headgate/core'
import { digestFile, isInside } from '@headgate/files'
import { attempt, gitError, run, runBytes } from './run.ts'

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
 * What Git tracks of a path: the path itself, what lies below it, and a link or submodule on the way to it. Paths are
 * relative to the root of the work tree; nothing outside of one.
 */
export async function trackedWithin(directory: string, path: string): Promise<string[]> {
  const root = await attempt(directory, ['rev-parse', '--show-toplevel'])
  if (root.code !== 0 && /not a git repository|must be run in a work tree/i.test(root.stderr)) return []
  if (root.code !== 0) throw gitError(directory, ['rev-parse'], root)
  const top = await realpath(root.stdout.toString('utf8').replace(/\n$/, ''))
  const absolute = resolve(directory, path)
  const isHere = isInside(directory, absolute)
  const named = isHere ? join(await realpath(directory), relative(directory, absolute)) : absolute
  const found = new Set<string>()
  for (const place of new Set([named, await realPlace(named)]))
    for (const entry of await trackedAt(top, place)) found.add(entry)
  return [...found].sort()
}

async function trackedAt(top: string, place: string): Promise<string[]> {
  const inside = relative(top, place).split(sep).join('/')
  if (!isInside(top, place) || inside === '') return []
  const [first = ''] = inside.split('/')
  const listed = await runBytes(top, ['ls-files', '-z', '--cached', '--', `:(top,literal)${first}`])
  const entries = listed.toString('utf8').split('\0')
  return entries.filter(
    (entry) => entry !== '' && (`${inside}/`.startsWith(`${entry}/`) || entry.startsWith(`${inside}/`)),
  )
}

/** Where a path leads, links resolved as far as it exists. */
async function realPlace(path: string): Promise<string> {
  const parent = dirname(path)
  const found = await realpath(path).catch(() => undefined)
  return found ?? (parent === path ? path : join(await realPlace(parent), basename(path)))
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
