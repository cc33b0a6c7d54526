import { constants } from 'node:fs'
import { cp, mkdir, readdir, rm, stat } from 'node:fs/promises'
import { dirname, isAbsolute, join, resolve } from 'node:path'
import type { Digest, Reproduction } from '@headgate/core'
import { confine, digestFile, digestTree } from '@headgate/files'
import { git } from '@headgate/systems'
import type { Origin } from './origin.ts'

type Restored = Reproduction['data'][number]

interface Input {
  readonly path: string
  readonly digest: Digest
}

export interface DataPlaces {
  /** The work tree of the command, whose untracked data may still be what it was. */
  readonly workspace: string
  /** The checkout, which gets what its commit does not hold. */
  readonly checkout: string
  /** Files and folders that are searched by content. */
  readonly given: readonly string[]
  readonly signal: AbortSignal
}

/** Everything that the training read, with the rows that it was judged on, each once. */
export function inputsOf({ training, evaluation }: Origin): Input[] {
  const judged = evaluation?.testData ? [{ path: evaluation.testData.source, digest: evaluation.testData.digest }] : []
  const all = [...training.data, ...training.inputs, ...judged].map(({ path, digest }) => ({ path, digest }))
  return all.filter((one, index) => all.findIndex(({ path }) => path === one.path) === index)
}

/** Puts the same data, by digest, where the training reads it: from the commit, the work tree, or what was given. */
export async function restoreData(inputs: readonly Input[], places: DataPlaces): Promise<Restored[]> {
  const restored: Restored[] = []
  let byContent: Promise<ReadonlyMap<Digest, string>> | undefined
  for (const input of inputs) {
    places.signal.throwIfAborted()
    const search = (): Promise<ReadonlyMap<Digest, string>> => {
      byContent ??= contentsOf(places.given.map((path) => resolve(places.workspace, path)))
      return byContent
    }
    restored.push(await restore(input, places, search))
  }
  return restored
}

/** Whether data is somewhere else than in a file system. */
export function isAddress(path: string): boolean {
  return /^[a-z][a-z0-9+.-]+:\/\//i.test(path)
}

/** What servers and DVC keep, the training itself brings, and says afterwards what it read. */
function isBroughtByTraining({ path, digest }: Input): boolean {
  return isAddress(path) || !digest.startsWith('sha256:')
}

async function restore(
  input: Input,
  { workspace, checkout }: DataPlaces,
  search: () => Promise<ReadonlyMap<Digest, string>>,
): Promise<Restored> {
  const { path, digest: was } = input
  if (isBroughtByTraining(input)) return { path, was, is: was, restoredFrom: 'training' }
  const target = isAbsolute(path) ? path : confine(checkout, path)
  const inCommit = await digestAt(target)
  if (inCommit === was) return { path, was, is: was, restoredFrom: isAbsolute(path) ? 'work-tree' : 'commit' }
  const beside = resolve(workspace, path)
  const inWorkTree = isAbsolute(path) ? inCommit : await digestAt(beside)
  const found = inWorkTree === was ? beside : (await search()).get(was)
  // So does it what Git LFS keeps, where its content is nowhere here.
  const pointer = await git.readLfsPointer(target).catch(() => undefined)
  if (found === undefined && pointer?.digest === was) return { path, was, is: was, restoredFrom: 'training' }
  if (found === undefined || isAbsolute(path))
    return { path, was, is: inWorkTree ?? inCommit ?? null, restoredFrom: null }
  await put(found, target)
  return { path, was, is: was, restoredFrom: found === beside ? 'work-tree' : 'data' }
}

/** A copy, which the training may write to; shared with the original where the file system can. */
async function put(from: string, to: string): Promise<void> {
  await rm(to, { recursive: true, force: true })
  await mkdir(dirname(to), { recursive: true })
  await cp(from, to, { recursive: true, mode: constants.COPYFILE_FICLONE, dereference: true })
}

async function digestAt(path: string): Promise<Digest | undefined> {
  const found = await stat(path).catch(() => undefined)
  if (found === undefined) return undefined
  return (found.isDirectory() ? await digestTree(path) : await digestFile(path)).digest
}

/** Files, and folders as a whole, by their digests. */
async function contentsOf(paths: readonly string[]): Promise<ReadonlyMap<Digest, string>> {
  const found = new Map<Digest, string>()
  const visit = async (path: string): Promise<void> => {
    const digest = await digestAt(path).catch(() => undefined)
    if (digest !== undefined) found.set(digest, path)
    const isFolder = (await stat(path).catch(() => undefined))?.isDirectory() === true
    for (const name of isFolder ? await readdir(path) : []) await visit(join(path, name))
  }
  for (const path of paths) await visit(path)
  return found
}
