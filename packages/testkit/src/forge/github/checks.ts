import type { Asked, Route } from '../route.ts'
import { page, repository, route } from '../route.ts'
import { day, newId, type State, type TwinAnnotation, type TwinCheck } from '../state.ts'
import { refuseAsGitHub } from './refusal.ts'
import { placeOf } from './repository.ts'

interface Output {
  readonly title?: string
  readonly summary?: string
  readonly annotations?: readonly TwinAnnotation[]
}

export function checkRoutes(state: State): Route[] {
  const { checks } = state
  return [
    route('GET', `${repository}/commits/{ref}/check-runs`, (asked) => {
      const name = asked.url.searchParams.get('check_name')
      const found = latest(checks.filter((check) => check.head_sha === asked.params.ref && check.name === name))
      const shown = found.map((check) => shownCheck(check, asked))
      const answer = page(shown, asked, 'per_page', 100)
      return { ...answer, body: { total_count: shown.length, check_runs: answer.body } }
    }),
    route('POST', `${repository}/check-runs`, (asked) => {
      const id = newId(state)
      const { name, head_sha } = asked.body
      const said = { id, name: String(name), head_sha: String(head_sha), suite: 1, ...blank, annotations: [] }
      const check = tell(said, asked.body)
      checks.push(check)
      return { status: 201, body: shownCheck(check, asked) }
    }),
    route('PATCH', `${repository}/check-runs/{check_run_id}`, (asked) => {
      const found = checks.find(({ id }) => id === Number(asked.params.check_run_id))
      if (found === undefined) return refuseAsGitHub(404)
      return { status: 200, body: shownCheck(tell(found, asked.body), asked) }
    }),
  ]
}

const blank = { status: 'queued', conclusion: null, external_id: '', details_url: '', title: null, summary: null }

/** The newest of each suite, newest first: what `filter=latest`, the default, leaves. */
function latest(checks: readonly TwinCheck[]): TwinCheck[] {
  return checks
    .filter((check) => !checks.some((other) => other.suite === check.suite && other.id > check.id))
    .sort((a, b) => b.id - a.id)
}

/** Takes over what a request says. Annotations come on top of those that are there. */
function tell(check: TwinCheck, body: Asked['body']): TwinCheck {
  const { status, conclusion, external_id, details_url } = body
  const output = (body.output ?? {}) as Output
  const said = { status, conclusion, external_id, details_url, title: output.title, summary: output.summary }
  Object.assign(check, Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined)))
  check.annotations.push(...(output.annotations ?? []))
  return check
}

function shownCheck(check: TwinCheck, asked: Asked) {
  const { self, page: html } = placeOf(asked)
  const { id, name, head_sha, suite, status, conclusion, external_id, details_url, title, summary } = check
  return {
    id,
    node_id: `CR_${id}`,
    name,
    head_sha,
    external_id,
    url: `${self}/check-runs/${id}`,
    html_url: `${html}/runs/${id}`,
    details_url,
    status,
    conclusion,
    started_at: day,
    completed_at: status === 'completed' ? day : null,
    output: {
      title,
      summary,
      text: null,
      annotations_count: check.annotations.length,
      annotations_url: `${self}/check-runs/${id}/annotations`,
    },
    check_suite: { id: suite },
    app: null,
    pull_requests: [],
  }
}
