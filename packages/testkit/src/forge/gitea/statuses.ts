import type { Asked, Route } from '../route.ts'
import { page, repository, route } from '../route.ts'
import { day, newId, type State, type TwinStatus } from '../state.ts'
import { placeOf } from './repository.ts'
import { userOf } from './user.ts'

export function statusRoutes(state: State): Route[] {
  const { statuses, logins } = state
  const path = `${repository}/statuses/{sha}`
  const shown = ({ state: status, sha, ...facts }: TwinStatus, asked: Asked) => ({
    ...facts,
    status,
    url: `${placeOf(asked).self}/statuses/${sha}`,
    creator: userOf(logins.gitea, asked),
    created_at: day,
    updated_at: day,
  })
  return [
    // Sorted by the second in which they were made: those of one second come in any order, here the oldest first.
    route('GET', path, (asked) => {
      const found = statuses.filter(({ sha }) => sha === asked.params.sha)
      return page(
        found.map((status) => shown(status, asked)),
        asked,
        'limit',
        50,
      )
    }),
    route('POST', path, (asked) => {
      const {
        context = 'default',
        state: status,
        description = '',
        target_url = '',
      } = asked.body as Partial<TwinStatus>
      const sha = asked.params.sha ?? ''
      const made = { id: newId(state), sha, context, state: status ?? 'pending', description, target_url }
      statuses.push(made)
      return { status: 201, body: shown(made, asked) }
    }),
  ]
}
