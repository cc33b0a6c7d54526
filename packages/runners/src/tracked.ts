import { relative } from 'node:path'
import { UserError } from '@headgate/core'
import { git } from '@headgate/systems'

/**
 * Documents and models that came with a commit are somebody's word, and not what a stage found.
 * @throws UserError where Git tracks files of the work folder.
 */
export async function refuseTracked(workspace: string, workFolder: string): Promise<void> {
  const [first, ...more] = await git.trackedWithin(workspace, workFolder)
  if (first === undefined) return
  const folder = relative(workspace, workFolder) || '.'
  const others = more.length === 0 ? '' : ` (and ${more.length} more)`
  throw new UserError({
    what: `is in Git${others}: what the work folder holds must be made by the stages of this run.`,
    where: { file: first },
    fix: `Run \`git rm -r --cached ${folder}\`, add \`.headgate/\` to .gitignore, and commit both.`,
  })
}
