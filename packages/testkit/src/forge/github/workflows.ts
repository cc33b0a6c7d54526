import type { Asked, Route } from '../route.ts'
import { repository, route } from '../route.ts'
import { day, newId, type State, type TwinRun } from '../state.ts'
import { refuseAsGitHub } from './refusal.ts'
import { placeOf, repositoryOf } from './repository.ts'

interface Sent {
  readonly ref?: string
  readonly inputs?: Readonly<Record<string, unknown>>
  readonly return_run_details?: boolean
}

export function workflowRoutes(state: State): Route[] {
  const { dispatches, runs } = state
  return [
    route('POST', `${repository}/actions/workflows/{workflow_id}/dispatches`, (asked) => {
      const { ref, inputs = {}, return_run_details } = asked.body as Sent
      dispatches.push({ workflow: asked.params.workflow_id ?? '', ref: String(ref), inputs })
      const id = newId(state)
      runs.push({ id, status: 'in_progress', conclusion: null })
      if (return_run_details !== true) return { status: 204 }
      const { self, page } = placeOf(asked)
      const places = { run_url: `${self}/actions/runs/${id}`, html_url: `${page}/actions/runs/${id}` }
      return { status: 200, body: { workflow_run_id: id, ...places } }
    }),
    route('GET', `${repository}/actions/runs/{run_id}`, (asked) => {
      const run = runs.find(({ id }) => id === Number(asked.params.run_id))
      return run === undefined ? refuseAsGitHub(404) : { status: 200, body: shownRun(run, asked) }
    }),
  ]
}

function shownRun({ id, status, conclusion }: TwinRun, asked: Asked) {
  const { self, page } = placeOf(asked)
  const url = `${self}/actions/runs/${id}`
  return {
    id,
    node_id: `WFR_${id}`,
    name: 'retrain',
    head_branch: 'main',
    head_sha: '0'.repeat(40),
    path: '.github/workflows/retrain.yml',
    display_title: 'retrain',
    run_number: 1,
    run_attempt: 1,
    event: 'workflow_dispatch',
    status,
    conclusion,
    workflow_id: 1,
    url,
    html_url: `${page}/actions/runs/${id}`,
    pull_requests: [],
    created_at: day,
    updated_at: day,
    jobs_url: `${url}/jobs`,
    logs_url: `${url}/logs`,
    check_suite_url: `${self}/check-suites/1`,
    artifacts_url: `${url}/artifacts`,
    cancel_url: `${url}/cancel`,
    rerun_url: `${url}/rerun`,
    workflow_url: `${self}/actions/workflows/1`,
    head_commit: null,
    repository: repositoryOf(asked),
    head_repository: repositoryOf(asked),
  }
}
