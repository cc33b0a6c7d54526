import { z } from 'zod'
import { excerpt } from '../excerpt.ts'
import type { CheckReport } from '../port.ts'
import type { Rest } from '../rest.ts'

const statusSchema = z.object({
  id: z.int(),
  context: z.string(),
  status: z.string(),
  description: z.string().nullish(),
})
const states = { success: 'success', failure: 'failure', neutral: 'warning' } as const
const longestDescription = 140

/** Writes a commit status, unless the newest one of this name on this commit says the same. */
export async function writeStatus(rest: Rest, check: CheckReport): Promise<void> {
  const route = '/repos/{owner}/{repo}/statuses/{sha}'
  const present = await rest.list(`GET ${route}`, z.array(statusSchema), { sha: check.sha })
  // Gitea sorts by the second: of those of one second only the number says which is the newest.
  const newest = present.filter(({ context }) => context === check.name).sort((a, b) => b.id - a.id)[0]
  const description = excerpt(check.title, longestDescription)
  const state = states[check.conclusion]
  if (newest?.status === state && newest.description === description) return
  await rest.call(`POST ${route}`, statusSchema, {
    sha: check.sha,
    context: check.name,
    state,
    description,
    ...(check.url && { target_url: check.url }),
  })
}
