import { join } from 'node:path'
import { UserError } from '@headgate/core'
import { readText, writeAtomically } from '@headgate/files'
import { z } from 'zod'

const instanceSchema = z.object({
  id: z.string(),
  version: z.string(),
  digest: z.string(),
  previousVersion: z.string().nullable(),
  port: z.int().positive(),
  process: z.object({ pid: z.int().positive(), startedAt: z.string() }),
  log: z.string(),
})
export type ProcessInstance = z.output<typeof instanceSchema>

/**
 * What runs. The front reads the traffic's way from `serving`, so that one atomic write moves traffic and memory
 * together. `starting` is not yet served, `retiring` no longer.
 */
const stateSchema = z.object({
  schema: z.literal(1),
  serving: instanceSchema.nullable(),
  starting: instanceSchema.nullable(),
  retiring: instanceSchema.nullable(),
})
export type State = z.output<typeof stateSchema>

const stateFile = 'state.json'

/** @throws UserError when the file is damaged: what runs is unknown then, and nothing may be guessed. */
export async function readState(folder: string): Promise<State> {
  const file = join(folder, stateFile)
  const text = await readText(file)
  if (text === undefined) return { schema: 1, serving: null, starting: null, retiring: null }
  try {
    return stateSchema.parse(JSON.parse(text))
  } catch (error) {
    throw new UserError(
      {
        what: 'is no state of a deployment.',
        where: { file },
        fix: 'End what still runs by hand, and remove the file.',
      },
      { cause: error },
    )
  }
}

export async function writeState(folder: string, state: State): Promise<void> {
  await writeAtomically(join(folder, stateFile), `${JSON.stringify(state, null, 2)}\n`)
}
