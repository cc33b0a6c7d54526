import { readFile, stat } from 'node:fs/promises'
import { relative, resolve, sep } from 'node:path'
import type { Digest, Problem } from '@headgate/core'
import { digestOfTree, UserError } from '@headgate/core'
import { digestFile, isInside } from '@headgate/files'
import { codeDigest } from '@headgate/notebooks'
import { git } from '@headgate/systems'
import { glob } from 'tinyglobby'

/** What a training reads. */
export interface Input {
  /** Relative to the work tree where it lies in it; a URL without credentials for what is remote. */
  readonly path: string
  /** Of the content, or of the state that its source tells. */
  readonly digest: Digest
  /** Whether its source has no versions, so that another content may go by the same digest. */
  readonly weak?: boolean
  /** Of the content that was downloaded, where `digest` is not. */
  readonly content?: Digest
}

const neverCode = ['**/node_modules/**', '**/.git/**', '**/__pycache__/**', '**/.venv/**']

/**
 * The code's files and their digest: the files that the patterns name or, without patterns, of all that Git tracks, except
 * what lies at or in `excluded` (absolute paths): the data, what stands for it, and the work folder; and those `besides`.
 */
export async function readCode(
  workspace: string,
  patterns: readonly string[] | undefined,
  excluded: readonly string[],
  besides: readonly string[] = [],
): Promise<{ paths: string[]; digest: Digest; files: string[] }> {
  const named = patterns ? await globCode(workspace, patterns) : await git.trackedFiles(workspace)
  const paths = [...new Set([...named, ...besides])].sort()
  const files: { path: string; digest: Digest }[] = []
  for (const path of paths) {
    const absolute = resolve(workspace, path)
    if (excluded.some((folder) => isInside(folder, absolute))) continue
    // A tracked file may be deleted, or be a submodule's folder.
    if ((await kindOf(absolute)) === 'file') files.push({ path, digest: await digestCode(absolute) })
  }
  return { paths: [...(patterns ?? ['.'])], digest: digestOfTree(files), files: files.map(({ path }) => path) }
}

/** A notebook is digested by what it does: to run it again changes its file, and nothing else. */
async function digestCode(absolute: string): Promise<Digest> {
  const own = absolute.endsWith('.ipynb') ? codeDigest(await readFile(absolute, 'utf8')) : undefined
  return own ?? (await digestFile(absolute)).digest
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

/** What a path leads to, links followed; `undefined` where nothing is. */
export async function kindOf(path: string): Promise<'file' | 'folder' | undefined> {
  const found = await stat(path).catch(() => undefined)
  if (found?.isFile()) return 'file'
  return found?.isDirectory() ? 'folder' : undefined
}
