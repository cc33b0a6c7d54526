import type { ForgeLocation } from '@headgate/core'
import { upsertComment } from '../comments.ts'
import { ownLogin } from '../login.ts'
import type { Forge } from '../port.ts'
import { findPullRequest } from '../pulls.ts'
import { releases } from '../releases.ts'
import { openRest, type RestOptions } from '../rest.ts'
import { dispatch, runState } from '../workflows.ts'
import { writeCheck } from './checks.ts'

export function githubForge(location: ForgeLocation, options?: RestOptions): Forge {
  const rest = openRest(location, options)
  let login: Promise<string> | undefined
  return {
    kind: 'github',
    upsertComment: async (index, marker, body) => {
      login ??= ownLogin(rest)
      return upsertComment(rest, await login, index, marker, body)
    },
    report: (check) => writeCheck(rest, check),
    findPullRequest: (sha) => findPullRequest(rest, sha),
    ...releases(rest),
    dispatch: (workflow, ref, inputs) => dispatch(rest, workflow, ref, inputs),
    runState: (id) => runState(rest, id),
  }
}
