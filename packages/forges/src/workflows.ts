import { z } from 'zod'
import type { Forge, StartedRun } from './port.ts'
import { Rejection } from './rejection.ts'
import type { Rest } from './rest.ts'

const startedSchema = z
  .object({ workflow_run_id: z.int().optional(), id: z.int().optional(), html_url: z.string().optional() })
  .nullish()
  .or(z.literal(''))
const runSchema = z.object({ status: z.string().nullish(), conclusion: z.string().nullish() })

const route = 'POST /repos/{owner}/{repo}/actions/workflows/{workflow}/dispatches'

/** Starts a workflow, and asks which run it became; older servers do not know that question. */
export async function dispatch(
  rest: Rest,
  workflow: string,
  ref: string,
  inputs: Readonly<Record<string, string>>,
): Promise<StartedRun> {
  const ask = (details: object): Promise<z.output<typeof startedSchema>> =>
    rest.call(
      route,
      startedSchema.optional().transform((value) => value ?? null),
      { workflow, ref, inputs, ...details },
      { once: true },
    )
  try {
    return started(await ask({ return_run_details: true }))
  } catch (error) {
    if (!(error instanceof Rejection) || (error.status !== 400 && error.status !== 422)) throw error
    return started(await ask({}))
  }
}

function started(answer: z.output<typeof startedSchema>): StartedRun {
  if (!answer) return {}
  const id = answer.workflow_run_id ?? answer.id
  return { id: id === undefined ? undefined : String(id), url: answer.html_url }
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
