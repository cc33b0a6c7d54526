import { isAbsolute, join, relative } from 'node:path'
import type { Digest } from '@headgate/core'
import { digestOf, gitTokenOf, OutsideError, UserError } from '@headgate/core'
import type { Runner } from '@headgate/runners'
import { git } from '@headgate/systems'

/** A branch as it is: a pull request may change its files, and not what is read here. */
export interface BaseBranch {
  /** The commit or branch, for people. */
  readonly ref: string
  /** A file there, by its path from the work tree's root; `undefined` when there is none. */
  read(path: string): Promise<string | undefined>
  /** The digest of a file there, as `digestOf` has it; `undefined` when there is none. */
  digest(path: string): Promise<Digest | undefined>
}

export interface BaseBranchOptions {
  /** Where branches are fetched from. */
  readonly remote: string
  /** A branch or commit of this clone, for runs that are no pull request's. */
  readonly baseRef?: string | undefined
}

type Surroundings = Pick<Runner, 'context' | 'workspace'>

/**
 * The base branch of this run's pull request or merge queue; elsewhere `baseRef`, if it is given. Its methods throw
 * `OutsideError` where it cannot be reached: that is never the same as a file that is not there.
 */
export function openBaseBranch(runner: Surroundings, options: BaseBranchOptions): BaseBranch | undefined {
  const ref = refOf(runner, options)
  if (ref === undefined) return undefined
  let commit: Promise<string> | undefined
  const show = async (path: string): Promise<Buffer | undefined> => {
    commit ??= commitOf(ref, runner, options)
    const inside = isAbsolute(path) ? relative(runner.workspace, path) : path
    return git.show(runner.workspace, await commit, `./${join(inside)}`)
  }
  return {
    ref,
    read: async (path) => (await show(path))?.toString('utf8'),
    digest: async (path) => {
      const content = await show(path)
      return content && digestOf(content)
    },
  }
}

function refOf({ context }: Surroundings, { baseRef }: BaseBranchOptions): string | undefined {
  if (context.pullRequest) return context.pullRequest.baseRef
  return context.event === 'merge-queue' ? context.defaultBranch : baseRef
}

/** The commit of the base, fetched where a shallow clone lacks it. */
async function commitOf(
  ref: string,
  { context, workspace }: Surroundings,
  options: BaseBranchOptions,
): Promise<string> {
  const isOurs = context.pullRequest === undefined && context.event !== 'merge-queue'
  if (isOurs) return (await git.resolveRevision(workspace, `${ref}^{commit}`)) ?? unknownRef(ref)
  const remote = { directory: workspace, name: options.remote, token: gitTokenOf(context) }
  const listed = async () => (await git.listRemote(remote, [`refs/heads/${ref}`]))[0]?.object
  const commit = context.pullRequest?.baseSha ?? (await listed())
  if (commit !== undefined && !(await git.hasObject(workspace, commit))) await git.fetchRefs(remote, [commit], 1)
  if (commit !== undefined && (await git.hasObject(workspace, commit))) return commit
  throw new OutsideError({
    tried: `Looked for the base branch ${ref} on ${remote.name}.`,
    state: 'It is not there, so what holds for this pull request is unknown. Nothing was judged.',
    next: 'Check that the branch exists and that the job may read it, then run again.',
  })
}

function unknownRef(ref: string): never {
  const fix = 'Fetch it, or name another branch or commit with `base-ref`.'
  throw new UserError({ what: `there is no branch or commit ${ref} in this clone.`, fix })
}
