import type { Asked, Route } from '../route.ts'
import { repository, route } from '../route.ts'
import { day, newId, type State, type TwinComment } from '../state.ts'
import { refuseAsGitea } from './refusal.ts'
import { placeOf } from './repository.ts'
import { userOf } from './user.ts'

export function commentRoutes(state: State): Route[] {
  const { comments, logins } = state
  const collection = `${repository}/issues/{index}/comments`
  const one = `${repository}/issues/comments/{id}`
  const find = ({ params }: Asked) => comments.find(({ id }) => id === Number(params.id))
  return [
    // All at once: this list knows no pages.
    route('GET', collection, (asked) => {
      const listed = comments.filter(({ issue }) => issue === Number(asked.params.index))
      return { status: 200, body: listed.map((comment) => shownComment(comment, asked)) }
    }),
    route('POST', collection, (asked) => {
      const issue = Number(asked.params.index)
      const comment = { id: newId(state), issue, body: String(asked.body.body), user: { login: logins.gitea } }
      comments.push(comment)
      return { status: 201, body: shownComment(comment, asked) }
    }),
    route('PATCH', one, (asked) => {
      const found = find(asked)
      if (found === undefined) return refuseAsGitea(404)
      found.body = String(asked.body.body)
      return { status: 200, body: shownComment(found, asked) }
    }),
    route('DELETE', one, (asked) => {
      const found = find(asked)
      if (found === undefined) return refuseAsGitea(404)
      comments.splice(comments.indexOf(found), 1)
      return { status: 204 }
    }),
  ]
}

function shownComment({ id, issue, body, user }: TwinComment, asked: Asked) {
  const { page } = placeOf(asked)
  return {
    id,
    html_url: `${page}/pulls/${issue}#issuecomment-${id}`,
    pull_request_url: `${page}/pulls/${issue}`,
    issue_url: '',
    user: userOf(user.login, asked),
    original_author: '',
    original_author_id: 0,
    body,
    assets: [],
    created_at: day,
    updated_at: day,
  }
}
