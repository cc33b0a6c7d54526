import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { digestSchema, UserError } from '@headgate/core'
import { writeAtomically } from '@headgate/files'
import { z } from 'zod'
import { executorNames } from './executors/port.ts'
import { trusts } from './trust.ts'

const handleSchema = z.object({
  schema: z.literal('headgate/handle@1'),
  model: z.string(),
  runId: z.string(),
  executor: z.enum(executorNames),
  /** The training's key: whoever attaches must have the same inputs. */
  key: digestSchema,
  commit: z.string(),
  /** Whether the default branch submitted it. */
  trust: z.enum(trusts),
  startedAt: z.iso.datetime(),
  job: z.record(z.string(), z.union([z.string(), z.number(), z.null()])),
})
/** By what a submitted training is found again, here or on another machine. */
export type Handle = z.output<typeof handleSchema>

/** The handle's file in the work folder. */
export function handleFile(workFolder: string): string {
  return join(workFolder, 'handle.json')
}

export function handleText(handle: Handle): string {
  return JSON.stringify(handle)
}

/** Writes the handle before anybody waits: a machine that goes away leaves it behind. */
export async function writeHandle(workFolder: string, handle: Handle): Promise<void> {
  await writeAtomically(handleFile(workFolder), `${handleText(handle)}\n`)
}

/**
 * Reads what `--attach` names: the handle itself, or a file with it.
 * @throws UserError when it is no handle.
 */
export async function readHandle(given: string, workspace: string): Promise<Handle> {
  const isText = given.trimStart().startsWith('{')
  const file = isText ? '--attach' : given
  const text = isText ? given : await readFile(resolve(workspace, given), 'utf8').catch(() => absent(given))
  try {
    return handleSchema.parse(JSON.parse(text))
  } catch (error) {
    const fix = 'Give the output `handle` of the step that submitted, or the file handle.json of its work folder.'
    throw new UserError({ what: `is no handle: ${whyNot(error as Error)}`, where: { file }, fix })
  }
}

function whyNot(error: Error): string {
  if (!(error instanceof z.ZodError)) return `${error.message}.`
  const parts = new Set(error.issues.map(({ path }) => `\`${String(path[0] ?? 'the whole')}\``))
  return `${[...parts].join(', ')} cannot be read.`
}

function absent(file: string): never {
  throw new UserError({ what: 'there is no such file.', where: { file }, fix: 'Name the handle to attach to.' })
}
