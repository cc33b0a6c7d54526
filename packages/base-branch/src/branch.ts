import { isAbsolute, posix, relative, sep } from 'node:path'
import type { Base, Context, Digest, SettingsBlock } from '@headgate/core'
import { digestOf, gitTokenOf, OutsideError, UserError } from '@headgate/core'
import { git } from '@headgate/systems'
import type { BaseBlock } from './block.ts'
import { readBlock } from './block.ts'

/** What of its surroundings a run is asked; a runner has all of it. */
export interface Surroundings {
  readonly context: Pick<Context, 'base' | 'forge'>
  /** Absolute path of the work tree. */
  readonly workspace: string
  /** For connection settings. */
  readonly variables: Readonly<Record<string, string | undefined>>
}

/**
 * A branch as it is: a change for it may rewrite its files, and not what is read here. Paths are absolute, or relative
 * to the work tree. Every method throws `OutsideError` where the branch cannot be reached, and `UserError` where what
 * is there cannot be understood: neither is ever the same as a file that is not there.
 */
export interface BaseBranch {
  /** The commit or branch, for people. */
  readonly ref: string
  /** The bytes of a file there; `undefined` when there is none, or only a pointer of Git LFS to it. */
  bytes(path: string): Promise<Buffer | undefined>
  /** The text of a file there; `undefined` when there is none. */
  read(path: string): Promise<string | undefined>
  /** The digest of a file there, as `digestOf` has it; `undefined` when there is none. */
  digest(path: string): Promise<Digest | undefined>
  /**
   * A stage's settings as the settings file there has them, without what this run's flags or its own file say.
   * @param own which model of which file this run is about.
   */
  settings<S extends SettingsBlock>(block: S, own: OwnPlace): Promise<BaseBlock<S>>
}

export interface OwnPlace {
  readonly config: string
  readonly model: string
}

/** What the base branch is fetched from: never what the change itself names. */
const remoteName = 'origin'

/**
 * The branch that this run's pull request or merge queue is for; elsewhere what `named` is.
 * @param named a branch or commit of this clone, for runs that have no base.
 */
export function openBaseBranch(surroundings: Surroundings, named?: string): BaseBranch | undefined {
  const { context, workspace } = surroundings
  const ref = context.base?.ref ?? named
  if (ref === undefined) return undefined
  let commit: Promise<string> | undefined
  const bytes = async (path: string): Promise<Buffer | undefined> => {
    commit ??= context.base ? fetchedCommit(context.base, surroundings) : namedCommit(ref, workspace)
    return git.fileAt(workspace, await commit, await placeOf(path, workspace), { token: gitTokenOf(context) })
  }
  const branch: BaseBranch = {
    ref,
    bytes: async (path) => {
      const found = await bytes(path)
      return found && pointedAt(found) === undefined ? found : undefined
    },
    read: async (path) => (await bytes(path))?.toString('utf8'),
    digest: async (path) => {
      const found = await bytes(path)
      return found && (pointedAt(found) ?? digestOf(found))
    },
    settings: (block, own) => readBlock(branch, block, own, surroundings),
  }
  return branch
}

/** The path from the root of the repository, which may lie above the work tree; one outside of it begins with `..`. */
async function placeOf(path: string, workspace: string): Promise<string> {
  const prefix = await git.run(workspace, ['rev-parse', '--show-prefix'])
  const inside = isAbsolute(path) ? relative(workspace, path) : path
  return posix.normalize(posix.join(prefix, inside.split(sep).join('/')))
}

/** The digest that a pointer of Git LFS names; `undefined` for a file that is none. */
function pointedAt(content: Buffer): Digest | undefined {
  const longest = 1024
  if (content.length > longest) return undefined
  const pattern =
    /^version https:\/\/git-lfs\.github\.com\/spec\/v1\n(?:ext-.*\n)*oid (sha256:[0-9a-f]{64})\nsize \d+\n?$/
  return pattern.exec(content.toString('utf8'))?.[1]
}

/** The commit of the base, fetched where this clone lacks it. */
async function fetchedCommit({ ref, sha }: Base, { context, workspace }: Surroundings): Promise<string> {
  const remote = { directory: workspace, name: remoteName, token: gitTokenOf(context) }
  const commit = sha ?? (await git.listRemote(remote, [`refs/heads/${ref}`]))[0]?.object
  const isHere = async () => commit !== undefined && (await git.hasObject(workspace, `${commit}^{commit}`))
  if (commit !== undefined && !(await isHere())) await git.fetchRefs(remote, [commit], 1)
  if (commit !== undefined && (await isHere())) return commit
  throw new OutsideError({
    tried: `Looked for the base branch ${ref} on ${remote.name}.`,
    state: 'It is not there, so what holds for this change is unknown. Nothing was judged.',
    next: 'Check that the branch exists and that the job may read it (`permissions: { contents: read }` on GitHub), then run again.',
  })
}

async function namedCommit(ref: string, workspace: string): Promise<string> {
  const commit = await git.resolveRevision(workspace, `${ref}^{commit}`)
  if (commit !== undefined) return commit
  const fix = 'Fetch it, or name another branch or commit with `base-ref`.'
  throw new UserError({ what: `there is no branch or commit ${ref} in this clone.`, fix })
}
