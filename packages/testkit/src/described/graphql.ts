import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { buildSchema, type GraphQLSchema, graphqlSync } from 'graphql'

let opened: GraphQLSchema | undefined

/** What GitHub's published GraphQL schema finds wrong with a query, and with the answer that it was given. */
export function graphqlMisfits(request: unknown, answer: unknown): string[] {
  const path = fileURLToPath(new URL('schema.graphql', import.meta.resolve('@octokit/graphql-schema')))
  // Taken as it is: GitHub has published schemas that name a field twice.
  opened ??= buildSchema(readFileSync(path, 'utf8'), { assumeValid: true, assumeValidSDL: true })
  const { query, variables, ...others } = request as { query: string; variables?: Record<string, unknown> }
  if (Object.keys(others).length > 0) return [`GraphQL takes no ${Object.keys(others).join(', ')}`]
  const { data, errors } = answer as { data?: unknown; errors?: unknown }
  if (errors !== undefined) return []
  // Asked of the answer itself, the query finds all that it asked for, and the answer has no more than that.
  const found = graphqlSync({ schema: opened, source: query, rootValue: data, variableValues: variables })
  if (found.errors) return found.errors.map(({ message }) => message)
  return JSON.stringify(found.data) === JSON.stringify(data) ? [] : ['the answer has more than was asked for']
}
