import { z } from 'zod'
import type { Forge, StartedRun } from './port.ts'
import { Rejection } from './rejection.ts'
import type { Rest } from './rest.ts'

/** Empty where the forge does not say which run it became. */
const startedSchema = z.object({ workflow_run_id: z.int(), html_url: z.string() }).or(z.literal('')).optional()
const runSchema = z.object({ status: z.string().nullish(), conclusion: z.string().nullish() })

const path = '/repos/{owner}/{repo}/actions/workflows/{workflow}/dispatches'
/** GitHub is asked in the body which run it became, Gitea in the address; elsewhere they do not look. */
const asking = { github: `POST ${path}`, gitea: `POST ${path}{?return_run_details}`, gitlab: '' } as const

/** Starts a workflow, and asks which run it became; older servers do not know that question. */
export async function dispatch(
  rest: Rest,
  workflow: string,
  ref: string,
  inputs: Readonly<Record<string, string>>,
): Promise<StartedRun> {
  const start = async (route: string, question: object): Promise<StartedRun> => {
    const answer = await rest.call(route, startedSchema, { workflow, ref, inputs, ...question }, { once: true })
    return answer ? { id: String(answer.workflow_run_id), url: answer.html_url } : {}
  }
  try {
    return await start(asking[rest.location.kind], { return_run_details: true })
  } catch (error) {
    if (!(error instanceof Rejection) || (error.status !== 400 && error.status !== 422)) throw error
    return start(`POST ${path}`, {})
  }
}

/** How a run stands. */
export async function runState(rest: Rest, id: string): ReturnType<Forge['runState']> {
  try {
    const run = await rest.call('GET /repos/{owner}/{repo}/actions/runs/{id}', runSchema, { id: Number(id) })
    if (run.status === 'in_progress' || run.status === 'running') return 'running'
    if (run.status !== 'completed' && run.status !== 'success' && run.status !== 'failure') return 'waiting'
    const end = run.conclusion ?? run.status
    if (end === 'success') return 'succeeded'
    return end === 'cancelled' ? 'cancelled' : 'failed'
  } catch (error) {
    if (error instanceof Rejection && error.status === 404) return 'unknown'
    throw error
  }
}
