import { readdir, readFile, stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { messageOf, UserError } from '@headgate/core'
import { isInside } from '@headgate/files'
import { parse } from 'yaml'
import { z } from 'zod'

/** A file or folder that DVC keeps, as a `.dvc` file or a `dvc.lock` records it. */
export interface Tracked {
  /** Absolute path. */
  readonly path: string
  /** With `.dir` at its end for a folder. */
  readonly md5: string
  readonly bytes: number | undefined
  /** Absolute path of the file that records it. */
  readonly recordedIn: string
}

const entrySchema = z.object({
  path: z.string(),
  md5: z
    .string()
    .regex(/^[0-9a-f]{32}(\.dir)?$/)
    .optional(),
  size: z.int().nonnegative().optional(),
})
type Entry = z.output<typeof entrySchema>
const dvcFileSchema = z.object({ wdir: z.string().default('.'), outs: z.array(entrySchema).default([]) })
const stageSchema = z.object({ deps: z.array(entrySchema).default([]), outs: z.array(entrySchema).default([]) })
const lockSchema = z.object({ stages: z.record(z.string(), stageSchema).default({}) })
const pipelineSchema = z.object({
  stages: z.record(z.string(), z.object({ wdir: z.string().optional() }).catch({})).default({}),
})

/**
 * What a `.dvc` file tracks.
 * @throws UserError when it cannot be read, or records no digest.
 */
export async function readDvcFile(file: string): Promise<Tracked[]> {
  const { wdir, outs } = await read(file, dvcFileSchema)
  const folder = resolve(dirname(file), wdir)
  return outs.map((entry) => {
    const tracked = trackedOf(entry, folder, file)
    if (tracked) return tracked
    throw new UserError({
      what: `records no MD5 of ${entry.path}.`,
      where: { file },
      fix: 'Bring it up to date with `dvc commit`.',
    })
  })
}

/** What a `dvc.lock` records. */
export interface Lock {
  /** What its stages made. */
  readonly outs: readonly Tracked[]
  /** What they began from, and none of them made. */
  readonly roots: readonly Tracked[]
  /** URLs that they began from. */
  readonly remoteRoots: readonly string[]
}

/** Reads the `dvc.lock` of a folder; `undefined` where there is none. */
export async function readLock(folder: string): Promise<Lock | undefined> {
  const file = join(folder, 'dvc.lock')
  if (!(await isFile(file))) return undefined
  const { stages } = await read(file, lockSchema)
  const wdirs = await readWorkingFolders(folder)
  const taken = (list: readonly Entry[], at: string) => list.flatMap((one) => trackedOf(one, at, file) ?? [])
  const entries = Object.entries(stages).map(([name, { deps, outs }]) => {
    const at = resolve(folder, wdirs[name.split('@')[0] ?? name] ?? '.')
    return { deps: taken(deps, at), outs: taken(outs, at), remote: deps.filter(isRemote).map(({ path }) => path) }
  })
  const outs = entries.flatMap((entry) => entry.outs)
  const made = new Set(outs.map(({ path }) => path))
  const deps = entries.flatMap((entry) => entry.deps).filter(({ path }) => !made.has(path))
  const roots = [...new Map(deps.map((dep) => [dep.path, dep])).values()]
  return { outs, roots, remoteRoots: [...new Set(entries.flatMap(({ remote }) => remote))] }
}

/** The lock's paths are relative to the `wdir` of their stage, which only `dvc.yaml` tells. */
async function readWorkingFolders(folder: string): Promise<Readonly<Record<string, string | undefined>>> {
  const file = join(folder, 'dvc.yaml')
  if (!(await isFile(file))) return {}
  const { stages } = await read(file, pipelineSchema)
  return Object.fromEntries(Object.entries(stages).map(([name, { wdir }]) => [name, wdir]))
}

/** What DVC records of a path: of the path itself, or of a folder that it lies in; `undefined` where it knows nothing. */
export type FindTracked = (path: string) => Promise<Tracked | undefined>

/** Looks in `.dvc` files beside a path and in `dvc.lock` files above it, up to `root`; each is read once. */
export function trackedFinder(root: string): FindTracked {
  const known = new Map<string, Promise<Tracked[]>>()
  const recordedIn = (folder: string): Promise<Tracked[]> => {
    const found = known.get(folder) ?? readRecords(folder)
    known.set(folder, found)
    return found
  }
  return async (path) => {
    for (let folder = dirname(path); isInside(root, folder); folder = dirname(folder)) {
      const found = (await recordedIn(folder)).find((tracked) => isInside(tracked.path, path))
      if (found || folder === root) return found
    }
    return undefined
  }
}

async function readRecords(folder: string): Promise<Tracked[]> {
  const names = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith('.dvc') && name !== '.dvc')
  const found: Tracked[] = []
  for (const name of names) if (await isFile(join(folder, name))) found.push(...(await readDvcFile(join(folder, name))))
  return [...found, ...((await readLock(folder))?.outs ?? [])]
}

/** The folder that `dvc` takes for its own: the nearest one above with a `.dvc` in it; `root` where there is none. */
export async function repositoryOf(root: string, path: string): Promise<string> {
  for (let folder = dirname(path); isInside(root, folder) && folder !== root; folder = dirname(folder))
    if ((await stat(join(folder, '.dvc')).catch(() => undefined))?.isDirectory()) return folder
  return root
}

function trackedOf(entry: Entry, folder: string, file: string): Tracked | undefined {
  const { path, md5, size } = entry
  return md5 === undefined || isRemote(entry)
    ? undefined
    : { path: resolve(folder, path), md5, bytes: size, recordedIn: file }
}

function isRemote({ path }: Entry): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(path)
}

async function read<T extends z.ZodType>(file: string, schema: T): Promise<z.output<T>> {
  try {
    return schema.parse(parse(await readFile(file, 'utf8')) ?? {})
  } catch (error) {
    const said = error instanceof z.ZodError ? z.prettifyError(error).split('\n').join(' ') : messageOf(error)
    const what = `cannot be read as a file of DVC: ${said}`
    throw new UserError(
      { what, where: { file }, fix: `Check it with \`dvc status ${basename(file)}\`.` },
      { cause: error },
    )
  }
}

async function isFile(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isFile() === true
}
