import { stat } from 'node:fs/promises'
import { isAbsolute, join, relative, resolve } from 'node:path'
import type { Problem } from '@headgate/core'
import { digestOfTree, UserError } from '@headgate/core'
import { digestFile } from '@headgate/files'

export type SourceFormat = 'csv' | 'parquet' | 'ndjson'

/** Files of one format that make up one table. */
export interface Source {
  /** As it was given, without credentials. */
  readonly location: string
  /** What relative paths are relative to. */
  readonly root: string
  readonly format: SourceFormat
  /** Absolute paths in the order in which their rows follow. */
  readonly files: readonly string[]
}

const formats: readonly [RegExp, SourceFormat][] = [
  [/\.(csv|tsv)(\.gz)?$/i, 'csv'],
  [/\.parquet$/i, 'parquet'],
  [/\.(ndjson|jsonl)(\.gz)?$/i, 'ndjson'],
]
const supported = 'Files of CSV (.csv, .tsv), Parquet (.parquet) and NDJSON (.ndjson, .jsonl) can be read.'

/**
 * Finds the files of a path, a folder or a glob.
 * @throws UserError when nothing matches, formats are mixed, or the kind of source is not supported.
 */
export async function findSource(location: string, root: string): Promise<Source> {
  const refuse = (what: string, fix = supported): UserError =>
    new UserError({ what, where: { file: withoutCredentials(location) }, fix } satisfies Problem)
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(location)) throw refuse('sources of this kind are not in this release.')
  const files = await listFiles(location, root)
  if (files.length === 0) throw refuse('no data file is there.', 'Check the path; it is relative to the work tree.')
  const found = new Set(files.map((file) => formats.find(([pattern]) => pattern.test(file))?.[1]))
  if (found.has(undefined)) throw refuse('is of a kind that cannot be read.')
  if (found.size > 1) throw refuse(`holds several formats: ${[...found].sort().join(', ')}.`, 'Name files of one.')
  const [format] = found
  return { location, root, format: format as SourceFormat, files }
}

async function listFiles(location: string, root: string): Promise<string[]> {
  const path = resolve(root, location)
  const info = await stat(path).catch(() => undefined)
  if (info?.isFile()) return [path]
  const { glob } = await import('tinyglobby')
  const options = info?.isDirectory()
    ? { patterns: ['**/*.{csv,tsv,csv.gz,tsv.gz,parquet,ndjson,jsonl,ndjson.gz,jsonl.gz}'], cwd: path }
    : { patterns: [location.replaceAll('\\', '/')], cwd: root }
  const found = await glob({ ...options, absolute: true, onlyFiles: true, dot: false })
  return found.sort((a, b) => (a < b ? -1 : 1))
}

function withoutCredentials(location: string): string {
  return location.replace(/^([a-z][a-z0-9+.-]+:\/\/)[^/@]*@/i, '$1').replace(/\?.*$/s, '')
}

/** The path of a source's file as a person in the work tree would write it. */
export function shownPath(source: Source, file: string): string {
  const short = relative(source.root, file)
  return short.startsWith('..') || isAbsolute(short) ? file : short.replaceAll('\\', '/')
}

/** SHA-256 of the file, or of the tree of the files. */
export async function digestSource(source: Source): Promise<string> {
  const files = await Promise.all(
    source.files.map(async (path) => ({ path: shownPath(source, path), digest: (await digestFile(path)).digest })),
  )
  const [only] = files
  return files.length === 1 && only !== undefined ? only.digest : digestOfTree(files)
}

/** Absolute path of a setting's path. */
export function absolutePath(root: string, path: string): string {
  return isAbsolute(path) ? path : join(root, path)
}
