import { UserError } from '@headgate/core'
import { z } from 'zod'
import { ask, attempt, type Client } from './client.ts'
import { text } from './values.ts'

const experimentSchema = z.object({
  experiment: z.object({ experiment_id: z.coerce.string(), name: z.string(), lifecycle_stage: text }),
})

/** The id of the experiment with this name, which is made when it is not there. Safe against others who make it too. */
export async function ensureExperiment(client: Client, name: string): Promise<string> {
  const found = await findExperiment(client, name)
  if (found !== undefined) return found
  const call = { method: 'POST', path: 'mlflow/experiments/create', body: { name } } as const
  const made = await attempt(client, call, z.object({ experiment_id: z.coerce.string() }))
  if (made.ok) return made.value.experiment_id
  // Somebody was there first, or our own first request whose answer was lost.
  if (made.code !== 'RESOURCE_ALREADY_EXISTS') throw made.error
  const raced = await findExperiment(client, name)
  if (raced === undefined) throw made.error
  return raced
}

/**
 * The id of the experiment with this name.
 * @throws UserError when it was deleted: its name stays taken.
 */
export async function findExperiment(client: Client, name: string): Promise<string | undefined> {
  const query = { experiment_name: name }
  const call = { method: 'GET', path: 'mlflow/experiments/get-by-name', query } as const
  const outcome = await attempt(client, call, experimentSchema)
  if (!outcome.ok) {
    if (outcome.code === 'RESOURCE_DOES_NOT_EXIST') return undefined
    throw outcome.error
  }
  const { experiment_id: id, lifecycle_stage: stage } = outcome.value.experiment
  if (stage !== 'deleted') return id
  throw new UserError({
    what: `the experiment "${name}" was deleted from ${client.connection.address}, and its name is still taken.`,
    fix: `Restore it with \`mlflow experiments restore --experiment-id ${id}\`, or use another name.`,
  })
}

/** Deletes an experiment; the server keeps it until it is collected. */
export async function deleteExperiment(client: Client, id: string): Promise<void> {
  await ask(client, { method: 'POST', path: 'mlflow/experiments/delete', body: { experiment_id: id } }, z.unknown())
}
