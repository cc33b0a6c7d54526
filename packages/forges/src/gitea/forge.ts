import type { ForgeLocation } from '@headgate/core'
import { z } from 'zod'
import { upsertComment } from '../comments.ts'
import { ownLogin } from '../login.ts'
import type { CheckReport, Forge } from '../port.ts'
import { findPullRequest } from '../pulls.ts'
import { releases } from '../releases.ts'
import { openRest, type Rest, type RestOptions } from '../rest.ts'
import { dispatch, runState } from '../workflows.ts'

const statusSchema = z.object({
  context: z.string(),
  status: z.string().nullish(),
  state: z.string().nullish(),
  description: z.string().nullish(),
})
const states = { success: 'success', failure: 'failure', neutral: 'warning' } as const
const longestDescription = 140

/** Gitea and Forgejo: no check runs, so the result is a commit status. */
export function giteaForge(location: ForgeLocation, options?: RestOptions): Forge {
  const rest = openRest(location, options)
  let login: Promise<string> | undefined
  return {
    kind: 'gitea',
    maxComment: 65_000,
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

async function writeStatus(rest: Rest, check: CheckReport): Promise<void> {
  const present = await rest.list('GET /repos/{owner}/{repo}/statuses/{sha}', z.array(statusSchema), { sha: check.sha })
  const description = check.title.slice(0, longestDescription)
  const newest = present.find((status) => status.context === check.name)
  const state = states[check.conclusion]
  if (newest && (newest.status ?? newest.state) === state && newest.description === description) return
  await rest.call('POST /repos/{owner}/{repo}/statuses/{sha}', statusSchema, {
    sha: check.sha,
    context: check.name,
    state,
    description,
    ...(check.url ? { target_url: check.url } : {}),
  })
}
