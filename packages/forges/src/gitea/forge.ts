import type { ForgeLocation } from '@headgate/core'
import { upsertComment } from '../comments.ts'
import { ownLogin } from '../login.ts'
import type { Forge } from '../port.ts'
import { findPullRequest } from '../pulls.ts'
import { releases } from '../releases.ts'
import { openRest, type RestOptions } from '../rest.ts'
import { dispatch, runState } from '../workflows.ts'
import { writeStatus } from './statuses.ts'

/** Gitea and Forgejo: no check runs, so the result is a commit status. */
export function giteaForge(location: ForgeLocation, options?: RestOptions): Forge {
  const rest = openRest(location, options)
  let login: Promise<string> | undefined
  return {
    kind: 'gitea',
    upsertComment: async (index, marker, body) => {
      login ??= ownLogin(rest)
      return upsertComment(rest, await login, index, marker, body)
    },
    report: (check) => writeStatus(rest, check),
    findPullRequest: (sha) => findPullRequest(rest, sha),
    ...releases(rest),
    dispatch: (workflow, ref, inputs) => dispatch(rest, workflow, ref, inputs),
    runState: (id) => runState(rest, id),
  }
}
