import { basename, dirname, join, resolve } from 'node:path'
import { digestOfTree, UserError } from '@headgate/core'
import { digestFile, listTree } from '@headgate/files'
import { git } from '@headgate/systems'
import { type FindTracked, md5Of, readDvcFile, readLock, repositoryOf, type Tracked } from '@headgate/systems/dvc'
import { glob, isDynamicPattern } from 'tinyglobby'
import { kindOf, pathFrom } from '../inputs.ts'
import type { Absent, Source } from './source.ts'

/**
 * What a path, a glob, a `.dvc` file or a `dvc.yaml` names in the work tree, whether its content is here or not.
 * @throws UserError when it names nothing, and when what is here is not what a `.dvc` file says.
 */
export async function findLocal(workspace: string, entry: string, find: FindTracked): Promise<Source[]> {
  const path = resolve(workspace, entry)
  if (entry.endsWith('.dvc')) return readPointers(workspace, path, entry)
  if (basename(entry) === 'dvc.yaml') return readRoots(workspace, dirname(path), find)
  if ((await kindOf(path)) !== undefined) return [await present(workspace, path, await find(path))]
  if (isDynamicPattern(entry)) return expand(workspace, entry, find)
  const tracked = await find(path)
  if (tracked?.path === path) return [await absent(workspace, tracked)]
  throw nothingAt(workspace, entry, tracked)
}

function nothingAt(workspace: string, entry: string, tracked: Tracked | undefined): UserError {
  const whole = tracked && pathFrom(workspace, tracked.path)
  const fix = whole
    ? `It lies in ${whole}, of which DVC knows the digest as a whole: name ${whole}.`
    : 'Paths begin at the root of the work tree.'
  return new UserError({ what: `\`data\`: there is nothing at ${entry}.`, fix })
}

async function expand(workspace: string, pattern: string, find: FindTracked): Promise<Source[]> {
  const matches = (one: string): Promise<string[]> => glob(one, { cwd: workspace, absolute: true, dot: true })
  const paths = new Set(await matches(pattern))
  // A file whose content is not here would else be missing in silence.
  for (const file of await matches(`${pattern}.dvc`)) for (const { path } of await readDvcFile(file)) paths.add(path)
  if (paths.size === 0) throw nothingAt(workspace, pattern, await find(resolve(workspace, pattern)))
  const found: Source[] = []
  for (const path of [...paths].sort()) {
    const tracked = await find(path)
    const isHere = (await kindOf(path)) !== undefined
    found.push(
      isHere || tracked === undefined ? await present(workspace, path, tracked) : await absent(workspace, tracked),
    )
  }
  return found
}

async function readPointers(workspace: string, file: string, entry: string): Promise<Source[]> {
  if ((await kindOf(file)) === undefined) throw nothingAt(workspace, entry, undefined)
  const found: Source[] = []
  for (const tracked of await readDvcFile(file)) found.push(await trackedSource(workspace, tracked))
  return found
}

/** What a pipeline begins from and Git does not have: Git's files are code. */
async function readRoots(workspace: string, folder: string, find: FindTracked): Promise<Source[]> {
  const lock = await readLock(folder)
  const file = pathFrom(workspace, join(folder, 'dvc.lock'))
  if (lock === undefined)
    throw new UserError({
      what: `\`data\`: ${file} is not there, which records what the pipeline begins from.`,
      fix: 'Run `dvc repro` once and commit it, or name the `.dvc` files of the data.',
    })
  const [remote] = lock.remoteRoots
  if (remote !== undefined)
    throw new UserError({
      what: `\`data\`: the pipeline of ${file} begins from ${git.withoutCredentials(remote)}, which DVC only sees from outside.`,
      fix: 'Name what it begins from one by one, URLs as they are.',
    })
  const found: Source[] = []
  for (const root of lock.roots) {
    const tracked = await find(root.path)
    if (tracked?.path === root.path) found.push(await trackedSource(workspace, tracked))
    else if ((await git.trackedWithin(workspace, root.path)).length === 0)
      found.push(...(await findLocal(workspace, pathFrom(workspace, root.path), find)))
  }
  if (found.length > 0) return found
  const what = `\`data\`: the pipeline of ${file} begins from nothing that DVC tracks.`
  throw new UserError({ what, fix: 'Name the data itself.' })
}

/** What is here must be what the `.dvc` file says: a training on something else would go by its name. */
async function trackedSource(workspace: string, tracked: Tracked): Promise<Source> {
  const md5 = await md5Of(tracked.path)
  if (md5 === undefined) return absent(workspace, tracked)
  if (md5 === tracked.md5) return dvcSource(workspace, tracked, md5, undefined)
  const name = pathFrom(workspace, tracked.path)
  const record = pathFrom(workspace, tracked.recordedIn)
  throw new UserError({
    what: `\`data\`: ${name} is not what ${record} records (${md5}, recorded ${tracked.md5}).`,
    fix: `Run \`dvc checkout ${record}\` for what is recorded, or \`dvc commit ${record}\` for what is here.`,
  })
}

async function absent(workspace: string, tracked: Tracked): Promise<Source> {
  const repository = await repositoryOf(workspace, tracked.recordedIn)
  const { bytes, md5 } = tracked
  return dvcSource(workspace, tracked, md5, { kind: 'dvc', bytes, md5, repository })
}

function dvcSource(workspace: string, tracked: Tracked, md5: string, missing: Absent | undefined): Source {
  const { path, recordedIn } = tracked
  const input = { path: pathFrom(workspace, path), digest: `dvc-md5:${md5}` }
  return { input, path, standIn: recordedIn.endsWith('.dvc') ? recordedIn : undefined, absent: missing }
}

/** By its own content; what DVC tracks as DVC does it, so that it has the same digest where it is not here. */
async function present(workspace: string, path: string, tracked: Tracked | undefined): Promise<Source> {
  if (tracked?.path === path) return dvcSource(workspace, tracked, (await md5Of(path)) ?? tracked.md5, undefined)
  const isFolder = (await kindOf(path)) === 'folder'
  const files = isFolder
    ? (await listTree(path)).map((name) => ({ name, at: join(path, name) }))
    : [{ name: '', at: path }]
  const pointers: { path: string; digest: string; bytes: number }[] = []
  const digests: { path: string; digest: string }[] = []
  for (const { name, at } of files) {
    const pointer = await git.readLfsPointer(at)
    if (pointer) pointers.push({ path: at, ...pointer })
    digests.push({ path: name, digest: pointer?.digest ?? (await digestFile(at)).digest })
  }
  const digest = isFolder ? digestOfTree(digests) : (digests[0]?.digest ?? '')
  const bytes = pointers.reduce((sum, pointer) => sum + pointer.bytes, 0)
  const missing = pointers.length === 0 ? undefined : ({ kind: 'lfs', bytes, pointers } as const)
  return { input: { path: pathFrom(workspace, path), digest }, path, absent: missing }
}
