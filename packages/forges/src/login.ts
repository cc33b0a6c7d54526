import { z } from 'zod'
import { Rejection } from './rejection.ts'
import type { Rest } from './rest.ts'

const userSchema = z.object({ login: z.string() })
const viewerSchema = z.object({ data: z.object({ viewer: userSchema }) })

/** The forges' own robots, whose names nobody else can take. */
const robots = { github: 'github-actions[bot]', gitea: 'gitea-actions', gitlab: '' } as const

/**
 * Who we are on the forge. A job's own token, or an app's, may not ask for its user over REST; GitHub's GraphQL tells
 * the robot's name, and where that is refused too it is the forge's own.
 */
export async function ownLogin(rest: Rest): Promise<string> {
  try {
    return (await rest.call('GET /user', userSchema)).login
  } catch (error) {
    if (!(error instanceof Rejection)) throw error
  }
  const { kind, apiUrl } = rest.location
  if (kind !== 'github') return robots[kind]
  try {
    // GitHub Enterprise Server: REST below /api/v3, GraphQL at /api/graphql.
    const route = `POST ${apiUrl.replace(/\/v3$/, '')}/graphql`
    return (await rest.call(route, viewerSchema, { query: '{ viewer { login } }' })).data.viewer.login
  } catch {
    return robots.github
  }
}
