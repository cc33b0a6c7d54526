import type { Asked, Route } from '../route.ts'
import { repository, route } from '../route.ts'
import { day, newId, type State, type TwinRun } from '../state.ts'
import { refuseAsGitea } from './refusal.ts'
import { placeOf, repositoryOf } from './repository.ts'
import { userOf } from './user.ts'

export function workflowRoutes(state: State): Route[] {
  const { dispatches, runs, logins } = state
  return [
    route('POST', `${repository}/actions/workflows/{workflow_id}/dispatches`, (asked) => {
      const { ref, inputs = {} } = asked.body as { ref?: string; inputs?: Record<string, string> }
      dispatches.push({ workflow: asked.params.workflow_id ?? '', ref: String(ref), inputs })
      const id = newId(state)
      runs.push({ id, status: 'in_progress', conclusion: null })
      // It looks for this in the address, never in the body.
      if (asked.url.searchParams.get('return_run_details') !== 'true') return { status: 204 }
      const { self, page } = placeOf(asked)
      const places = { run_url: `${self}/actions/runs/${id}`, html_url: `${page}/actions/runs/${id}` }
      return { status: 200, body: { workflow_run_id: id, ...places } }
    }),
    route('GET', `${repository}/actions/runs/{run}`, (asked) => {
      const run = runs.find(({ id }) => id === Number(asked.params.run))
      return run === undefined ? refuseAsGitea(404) : { status: 200, body: shownRun(run, logins.gitea, asked) }
    }),
  ]
}

function shownRun({ id, status, conclusion }: TwinRun, login: string, asked: Asked) {
  const { self, page } = placeOf(asked)
  return {
    id,
    url: `${self}/actions/runs/${id}`,
    html_url: `${page}/actions/runs/${id}`,
    display_title: 'retrain',
    path: 'retrain.yml@refs/heads/main',
    event: 'workflow_dispatch',
    run_attempt: 0,
    run_number: 1,
    head_sha: '0'.repeat(40),
    head_branch: 'main',
    status,
    actor: userOf(login, asked),
    trigger_actor: userOf(login, asked),
    repository: repositoryOf(asked),
    // Left out while there is none.
    ...(conclusion !== null && { conclusion }),
    started_at: day,
    completed_at: conclusion === null ? '0001-01-01T00:00:00Z' : day,
  }
}
