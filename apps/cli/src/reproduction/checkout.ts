import { existsSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { UserError } from '@headgate/core'
import { readText } from '@headgate/files'
import { git } from '@headgate/systems'

/** A commit’s files in a folder of their own. */
export interface Checkout {
  /** Absolute path of the folder that stands for the work tree that the command was given in. */
  readonly workspace: string
  /** Removes it; the clone knows nothing of it then. */
  remove(): Promise<void>
}

export interface CheckoutRequest {
  /** Absolute path of the work tree, or of a folder in it. */
  readonly workspace: string
  readonly remote: string
  readonly token: git.GitToken | undefined
  readonly commit: string
  /** Absolute path of a folder that is yet to be made. */
  readonly folder: string
}

/**
 * Checks a commit out beside the work tree, which stays as it is. A commit that the clone lacks is fetched.
 * @throws UserError where neither the clone nor its remote has it.
 */
export async function checkOut({ workspace, remote, token, commit, folder }: CheckoutRequest): Promise<Checkout> {
  await bringCommit({ directory: workspace, name: remote, token }, commit)
  const prefix = await git.run(workspace, ['rev-parse', '--show-prefix'])
  const remove = async (): Promise<void> => {
    await git.attempt(workspace, ['worktree', 'remove', '--force', '--force', folder])
    await rm(folder, { recursive: true, force: true })
    await git.attempt(workspace, ['worktree', 'prune'])
  }
  try {
    await git.run(workspace, ['worktree', 'add', '--quiet', '--detach', folder, commit], { token })
    if (existsSync(join(folder, '.gitmodules')))
      await git.run(folder, ['submodule', '--quiet', 'update', '--init', '--recursive'], { token })
    const top = await git.worktreeRoot(workspace)
    for (const place of new Set(['', prefix])) await shareDvc(join(top, place), join(folder, place))
    return { workspace: join(folder, prefix), remove }
  } catch (error) {
    await remove()
    throw error
  }
}

/** DVC finds there what it finds in the work tree: its cache, and settings that are in no commit, such as a login. */
async function shareDvc(from: string, to: string): Promise<void> {
  if (!existsSync(join(to, '.dvc/config'))) return
  const own = (await readText(join(from, '.dvc/config.local'))) ?? ''
  const cache = /^\s*\[cache\]/m.test(own) ? '' : `[cache]\n    dir = ${join(from, '.dvc/cache')}\n`
  await writeFile(join(to, '.dvc/config.local'), `${own.trimEnd()}\n${cache}`, { mode: 0o600 })
}

async function bringCommit(remote: git.Remote, commit: string): Promise<void> {
  const isHere = (): Promise<boolean> => git.hasObject(remote.directory, `${commit}^{commit}`)
  if (commit !== '' && (await isHere())) return
  if (commit !== '' && (await git.remoteUrl(remote.directory, remote.name)) !== undefined)
    await git.fetchRefs(remote, [commit], 1)
  if (commit !== '' && (await isHere())) return
  throw new UserError({
    what: `the commit ${commit || '(none)'} that the version was trained on is neither in this clone nor on ${remote.name}.`,
    fix: 'Run in a clone that has it: a branch that was deleted or rewritten may have taken it along.',
  })
}
