import { z } from 'zod'
import { Rejection } from './rejection.ts'
import type { Rest } from './rest.ts'

const userSchema = z.object({ login: z.string() })
/** GraphQL refuses within an answer that is a success. */
const viewerSchema = z
  .object({ data: z.object({ viewer: userSchema }) })
  .or(z.object({ errors: z.array(z.object({ type: z.literal('FORBIDDEN') })).min(1) }))

/** The forges' own robots, whose names nobody else can take. */
const robots = { github: 'github-actions[bot]', gitea: 'gitea-actions', gitlab: '' } as const

/**
 * Who we are on the forge. An app's token on GitHub, a job's among them, may not ask this over REST; GraphQL tells it,
 * and where that is refused too it is a job's.
 * @throws Rejection for a token that is not valid, or that lacks the scope to know itself.
 */
export async function ownLogin(rest: Rest): Promise<string> {
  try {
    return (await rest.call('GET /user', userSchema)).login
  } catch (error) {
    if (!isNameless(error)) throw error
  }
  const { kind, apiUrl } = rest.location
  if (kind !== 'github') return robots[kind]
  try {
    // GitHub Enterprise Server: REST below /api/v3, GraphQL at /api/graphql.
    const route = `POST ${apiUrl.replace(/\/v3$/, '')}/graphql`
    const answer = await rest.call(route, viewerSchema, { query: '{ viewer { login } }' })
    return 'data' in answer ? answer.data.viewer.login : robots.github
  } catch (error) {
    if (!isNameless(error)) throw error
    return robots.github
  }
}

/** Whether a refusal means a robot's token. A person's, which only lacks a scope, must not be taken for one. */
function isNameless(error: unknown): boolean {
  return error instanceof Rejection && error.status !== 401 && !error.message.includes('scope')
}
