import { stat } from 'node:fs/promises'
import { relative, resolve, sep } from 'node:path'
import type { Digest, Problem } from '@headgate/core'
import { digestOfTree, UserError } from '@headgate/core'
import { digestFile, digestTree, isInside } from '@headgate/files'
import { git } from '@headgate/systems'
import { glob, isDynamicPattern } from 'tinyglobby'

/** A file or folder by content; `path` is relative to the work tree where it lies in it. */
export interface Input {
  readonly path: string
  readonly digest: Digest
}

const neverCode = ['**/node_modules/**', '**/.git/**', '**/__pycache__/**', '**/.venv/**']

/**
 * Resolves files, folders and globs, and digests what they name.
 * @throws UserError naming every entry that is remote or names nothing.
 */
export async function readData(workspace: string, entries: readonly string[]): Promise<Input[]> {
  const problems: Problem[] = []
  const paths = new Set<string>()
  for (const entry of entries) {
    const found = await resolveEntry(workspace, entry, problems)
    for (const path of found) paths.add(path)
  }
  if (problems.length > 0) throw new UserError(problems)
  return Promise.all([...paths].map((path) => digestInput(workspace, path)))
}

async function resolveEntry(workspace: string, entry: string, problems: Problem[]): Promise<string[]> {
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(entry) || entry.endsWith('.dvc')) {
    const what = `\`data\`: ${withoutCredentials(entry)} is not a file; this release trains on files only.`
    problems.push({ what, fix: 'Fetch it in a step before, and name the file.' })
    return []
  }
  if ((await kindOf(resolve(workspace, entry))) !== undefined) return [entry]
  const found = isDynamicPattern(entry) ? await glob(entry, { cwd: workspace, absolute: true, dot: true }) : []
  if (found.length === 0)
    problems.push({ what: `\`data\`: there is nothing at ${entry}.`, fix: 'Paths begin at the root of the work tree.' })
  return found.sort()
}

async function digestInput(workspace: string, path: string): Promise<Input> {
  const absolute = resolve(workspace, path)
  const digest =
    (await kindOf(absolute)) === 'folder' ? (await digestTree(absolute)).digest : (await digestFile(absolute)).digest
  return { path: pathFrom(workspace, absolute), digest }
}

/**
 * The code's files and their digest: the files that the patterns name or, without patterns, of all that Git tracks, except
 * the data and what lies in the work folder.
 */
export async function readCode(
  workspace: string,
  patterns: readonly string[] | undefined,
  excluded: { readonly data: readonly Input[]; readonly workFolder: string },
): Promise<{ paths: string[]; digest: Digest; files: string[] }> {
  const paths = patterns ? await globCode(workspace, patterns) : await git.trackedFiles(workspace)
  const data = excluded.data.map(({ path }) => resolve(workspace, path))
  const files: Input[] = []
  for (const path of paths) {
    const absolute = resolve(workspace, path)
    if (isInside(excluded.workFolder, absolute) || data.some((folder) => isInside(folder, absolute))) continue
    // A tracked file may be deleted, or be a submodule's folder.
    if ((await kindOf(absolute)) === 'file') files.push({ path, digest: (await digestFile(absolute)).digest })
  }
  return { paths: [...(patterns ?? ['.'])], digest: digestOfTree(files), files: files.map(({ path }) => path) }
}

async function globCode(workspace: string, patterns: readonly string[]): Promise<string[]> {
  const problems: Problem[] = []
  const found = new Set<string>()
  for (const pattern of patterns) {
    const isFolder = (await kindOf(resolve(workspace, pattern))) === 'folder'
    const matches = await glob(isFolder ? `${pattern.replace(/\/+$/, '')}/**` : pattern, {
      cwd: workspace,
      dot: true,
      ignore: neverCode,
    })
    if (matches.length === 0) problems.push({ what: `\`code\`: there is nothing at ${pattern}.` })
    for (const path of matches) found.add(path)
  }
  if (problems.length > 0) throw new UserError(problems)
  return [...found].sort()
}

/** Relative to the work tree, with `/`; absolute for what lies elsewhere. */
export function pathFrom(workspace: string, absolute: string): string {
  return isInside(workspace, absolute) ? relative(workspace, absolute).split(sep).join('/') : absolute
}

async function kindOf(path: string): Promise<'file' | 'folder' | undefined> {
  const found = await stat(path).catch(() => undefined)
  if (found?.isFile()) return 'file'
  return found?.isDirectory() ? 'folder' : undefined
}

function withoutCredentials(url: string): string {
  return url.replace(/\/\/[^/@]*@/, '//').replace(/\?.*$/, '')
}
