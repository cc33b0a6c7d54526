import { execFile } from 'node:child_process'

/** What Git says of a work tree; empty texts where it says nothing. */
export interface Repository {
  readonly commit: string
  readonly branch: string
  readonly defaultBranch: string
  readonly actor: string
}

const originHead = 'refs/remotes/origin/HEAD'

/** Asks Git about the folder. Nothing here fails: a folder outside Git is a place like any other. */
export async function readRepository(folder: string): Promise<Repository> {
  const [revisions, actor] = await Promise.all([
    ask(folder, 'rev-parse', 'HEAD', '--symbolic-full-name', 'HEAD', originHead),
    ask(folder, 'config', 'user.name'),
  ])
  // What Git does not know, it says back before it fails.
  const known = revisions.filter((line) => line !== 'HEAD' && line !== originHead)
  const named = (prefix: string): string => known.find((line) => line.startsWith(prefix))?.slice(prefix.length) ?? ''
  return {
    commit: known[0] ?? '',
    branch: named('refs/heads/'),
    defaultBranch: named('refs/remotes/origin/') || 'main',
    actor: actor[0] ?? '',
  }
}

/** The lines of an answer, also of one that ends in a failure. */
function ask(folder: string, ...words: string[]): Promise<string[]> {
  return new Promise((done) => {
    execFile('git', ['-C', folder, ...words], (_error, stdout) => done(stdout.trim().split('\n')))
  })
}
