import { readdir, stat } from 'node:fs/promises'
import { basename, join, relative, sep } from 'node:path'
import { isInside } from '@headgate/files'
import type { Mount } from '@headgate/systems/docker'
import type { Places } from '../contract.ts'
import type { Spec } from '../port.ts'

/** Everything of a training lies here in its container. */
export const root = '/headgate'
export const workTree = `${root}/work`
export const output = `${root}/output`
export const home = `${root}/home`
const params = `${root}/params.json`

/** A file or folder of this machine that is copied into the container. */
interface Copy {
  readonly from: string
  readonly to: string
}

/** How a training comes into its container. */
export interface Placement {
  readonly places: Places
  readonly mounts: readonly Mount[]
  readonly copies: readonly Copy[]
  /** Folders that are there before the copies, relative to `root`. */
  readonly folders: readonly string[]
}

interface Choice {
  /** Whether all is copied: since the engine does not see our files, or since the training outlives them. */
  readonly isCopied: boolean
  readonly isWritable: boolean
}

/** Places work tree and data: mounted, or copied. */
export async function placeTraining(spec: Spec, choice: Choice): Promise<Placement> {
  const data = spec.data.map(({ location }, index) => placeInput(spec.folder, location, index))
  const outside = data.filter(({ isInTree }) => !isInTree)
  return {
    places: { data: data.map(({ to }) => to), output, params },
    mounts: choice.isCopied ? [] : mountsOf(spec, data, choice),
    copies: choice.isCopied
      ? [...(await treeCopies(spec.folder)), ...outside.map(({ from, folder }) => ({ from, to: `${root}/${folder}/` }))]
      : [],
    folders: ['output', 'home', ...(choice.isCopied ? ['work', ...outside.map(({ folder }) => folder)] : [])],
  }
}

interface PlacedInput {
  readonly from: string
  readonly to: string
  readonly isInTree: boolean
  /** Where an input from elsewhere comes to lie, relative to `root`. */
  readonly folder: string
}

/** An input of the work tree keeps its place there; one from elsewhere keeps its name, which tells its format. */
function placeInput(tree: string, from: string, index: number): PlacedInput {
  const folder = `data/${index}`
  const isInTree = isInside(tree, from)
  const to = isInTree
    ? [workTree, ...relative(tree, from).split(sep)].filter(Boolean).join('/')
    : `${root}/${folder}/${basename(from)}`
  return { from, to, isInTree, folder }
}

/** Data stays read-only where the rest of the work tree may be written. */
function mountsOf(spec: Spec, data: readonly PlacedInput[], { isWritable }: Choice): Mount[] {
  const tree: Mount = { source: spec.folder, target: workTree, isReadOnly: !isWritable }
  const own = data.filter(({ isInTree, to }) => !isInTree || (isWritable && to !== workTree))
  return [tree, ...own.map(({ from, to }) => ({ source: from, target: to, isReadOnly: true }))]
}

const staysHere: ReadonlySet<string> = new Set(['.git', '.headgate'])

async function treeCopies(tree: string): Promise<Copy[]> {
  const names = (await readdir(tree)).filter((name) => !staysHere.has(name))
  const there = await Promise.all(names.map(async (name) => (await kindOf(join(tree, name))) && name))
  return there.filter((name) => name !== undefined).map((name) => ({ from: join(tree, name), to: `${workTree}/` }))
}

/** `undefined` for a link to nothing, which nobody can read. */
async function kindOf(path: string): Promise<'there' | undefined> {
  return stat(path).then(
    () => 'there',
    () => undefined,
  )
}
