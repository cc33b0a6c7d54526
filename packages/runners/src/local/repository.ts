import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** What Git says of a work tree; empty texts where there is none. */
export interface Repository {
  readonly root: string
  readonly commit: string
  readonly branch: string
  readonly defaultBranch: string
  readonly actor: string
}

/** Asks Git about the folder. Nothing here fails: a folder outside Git is a place like any other. */
export async function readRepository(folder: string): Promise<Repository> {
  const ask = (...words: string[]): Promise<string> =>
    run('git', ['-C', folder, ...words]).then(
      ({ stdout }) => stdout.trim(),
      () => '',
    )
  const [root, commit, branch, head, actor] = await Promise.all([
    ask('rev-parse', '--show-toplevel'),
    ask('rev-parse', 'HEAD'),
    ask('symbolic-ref', '--short', 'HEAD'),
    ask('symbolic-ref', '--short', 'refs/remotes/origin/HEAD'),
    ask('config', 'user.name'),
  ])
  return { root: root || folder, commit, branch, defaultBranch: head.replace(/^origin\//, '') || 'main', actor }
}
