import type { Asked, Route } from '../route.ts'
import { page, repository, route } from '../route.ts'
import { day, newId, type State, type TwinComment } from '../state.ts'
import { invalid, refuseAsGitHub } from './refusal.ts'
import { placeOf } from './repository.ts'
import { userOf } from './user.ts'

/** GitHub takes no longer comment. */
const longest = 65_536

export function commentRoutes(state: State): Route[] {
  const { comments, logins } = state
  const collection = `${repository}/issues/{issue_number}/comments`
  const one = `${repository}/issues/comments/{comment_id}`
  const find = ({ params }: Asked) => comments.find(({ id }) => id === Number(params.comment_id))
  return [
    route('GET', collection, (asked) => {
      const listed = comments.filter(({ issue }) => issue === Number(asked.params.issue_number))
      const shown = listed.map((comment) => shownComment(comment, asked))
      return page(shown, asked, 'per_page', 100)
    }),
    route('POST', collection, (asked) => {
      const body = String(asked.body.body)
      if (body.length > longest) return tooLong()
      const issue = Number(asked.params.issue_number)
      const comment = { id: newId(state), issue, body, user: { login: logins.github } }
      comments.push(comment)
      return { status: 201, body: shownComment(comment, asked) }
    }),
    route('PATCH', one, (asked) => {
      const found = find(asked)
      if (found === undefined) return refuseAsGitHub(404)
      const body = String(asked.body.body)
      if (body.length > longest) return tooLong()
      found.body = body
      return { status: 200, body: shownComment(found, asked) }
    }),
    route('DELETE', one, (asked) => {
      const found = find(asked)
      if (found === undefined) return refuseAsGitHub(404)
      comments.splice(comments.indexOf(found), 1)
      return { status: 204 }
    }),
  ]
}

function tooLong() {
  return invalid('Validation Failed', { resource: 'IssueComment', field: 'data', code: 'unprocessable' })
}

function shownComment({ id, issue, body, user }: TwinComment, asked: Asked) {
  const { self, page: html } = placeOf(asked)
  return {
    id,
    node_id: `IC_${id}`,
    url: `${self}/issues/comments/${id}`,
    html_url: `${html}/pull/${issue}#issuecomment-${id}`,
    issue_url: `${self}/issues/${issue}`,
    body,
    user: userOf(user.login, asked),
    author_association: 'CONTRIBUTOR',
    created_at: day,
    updated_at: day,
  }
}
