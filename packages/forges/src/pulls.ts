import { z } from 'zod'
import type { Rest } from './rest.ts'

const pullsSchema = z.array(z.object({ number: z.int(), head: z.object({ sha: z.string() }) }))

/**
 * The open pull request with this head. Asked of the list, since GitHub knows no pull requests of a commit that is in
 * a fork only.
 */
export async function findPullRequest(rest: Rest, sha: string): Promise<number | undefined> {
  const open = await rest.list('GET /repos/{owner}/{repo}/pulls', pullsSchema, { state: 'open' })
  return open.find((pull) => pull.head.sha === sha)?.number
}
