import { z } from 'zod'
import { Rejection, type Rest } from './rest.ts'

const actionsLogin = 'github-actions[bot]'

/** Who we are on the forge. The job's own token may not ask, and then it is the forge's own robot. */
export async function ownLogin(rest: Rest): Promise<string> {
  try {
    return (await rest.call('GET /user', z.object({ login: z.string() }))).login
  } catch (error) {
    if (error instanceof Rejection) return actionsLogin
    throw error
  }
}
