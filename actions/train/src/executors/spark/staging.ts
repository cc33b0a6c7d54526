import { cp, mkdir, readdir, stat } from 'node:fs/promises'
import { basename, dirname, isAbsolute, join, relative, resolve } from 'node:path'
import type { Problem } from '@headgate/core'
import { UserError } from '@headgate/core'
import { isInside } from '@headgate/files'
import type { Spec } from '../port.ts'
import type { Application } from './application.ts'
import type { SparkSettings } from './settings.ts'

const limitBytes = 100_000_000

/** Where a training's parts lie. */
export interface Staged {
  /** The folder that the command runs in. */
  readonly folder: string
  readonly data: readonly string[]
}

/** Whether a location is read by Spark itself, wherever it runs. */
export function isUrl(location: string): boolean {
  return /^[a-z][a-z0-9+.-]+:/i.test(location)
}

/**
 * Makes sure that the files which the settings and the command name are there.
 * @throws UserError naming all that are not.
 */
export async function requireFiles(
  { pyFiles, jars }: SparkSettings,
  application: Pick<Application, 'file'>,
  folder: string,
): Promise<void> {
  const named = { run: [application.file], 'py-files': pyFiles, jars }
  const entries = Object.entries(named).flatMap(([setting, files]) => files.map((file) => ({ setting, file })))
  const problems: Problem[] = []
  for (const { setting, file } of entries)
    if (!isUrl(file) && !(await isThere(resolve(folder, file))))
      problems.push({
        what: `\`${setting}\`: there is nothing at ${file}.`,
        fix: 'Paths begin at the root of the work tree.',
      })
  if (problems.length > 0) throw new UserError(problems)
}

/**
 * Copies code and local data into `now`, which will lie at `later`. Data that all machines see by its path, and data
 * behind URLs, stays where it is.
 * @throws UserError above 100 MB together, and for a file of the command that is not among the code.
 */
export async function stageFiles(
  spec: Spec,
  files: readonly string[],
  place: { readonly now: string; readonly later: string; readonly shared: string | undefined },
): Promise<Staged> {
  const { now, later, shared } = place
  const isSeen = (location: string): boolean => isUrl(location) || (shared !== undefined && isInside(shared, location))
  const inTree = [...new Set([...spec.files, ...files])].map((file) => ({
    from: resolve(spec.folder, file),
    to: join('code', pathInTree(spec.folder, file)),
  }))
  const data = spec.data.map(({ location }, index) =>
    isSeen(location)
      ? { location, copy: undefined }
      : { location, copy: join('code', dataPath(spec.folder, location, index)) },
  )
  const copied = data.flatMap(({ location, copy }) => (copy === undefined ? [] : [{ from: location, to: copy }]))
  await refuseLarge([...inTree, ...copied].map(({ from }) => from))
  for (const { from, to } of [...inTree, ...copied]) {
    await mkdir(dirname(join(now, to)), { recursive: true })
    await cp(from, join(now, to), { recursive: true, dereference: true })
  }
  await mkdir(join(now, 'code'), { recursive: true })
  const paths = data.map(({ location, copy }) => (copy === undefined ? location : join(later, copy)))
  return { folder: join(later, 'code'), data: paths }
}

/** Relative to the work tree; what lies outside comes beside it, by its name. */
export function pathInTree(folder: string, file: string): string {
  const absolute = resolve(folder, file)
  return isInside(folder, absolute) ? relative(folder, absolute) : join('.headgate-files', basename(absolute))
}

function dataPath(folder: string, location: string, index: number): string {
  if (!isAbsolute(location) || isInside(folder, location)) return pathInTree(folder, location)
  return join('.headgate-data', String(index), basename(location))
}

async function refuseLarge(paths: readonly string[]): Promise<void> {
  let bytes = 0
  for (const path of paths) bytes += await sizeOf(path)
  if (bytes <= limitBytes) return
  throw new UserError({
    what: `code and data of this machine are ${Math.round(bytes / 1e6)} MB together; with Spark up to ${limitBytes / 1e6} MB travel.`,
    fix: 'Name the data by URLs that Spark reads itself (`s3a://…`, `hdfs://…`), or by paths below `spark: {shared: …}`.',
  })
}

async function sizeOf(path: string): Promise<number> {
  const found = await stat(path)
  if (!found.isDirectory()) return found.size
  const names = await readdir(path)
  const sizes = await Promise.all(names.map((name) => sizeOf(join(path, name))))
  return sizes.reduce((sum, size) => sum + size, 0)
}

async function isThere(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined
}
