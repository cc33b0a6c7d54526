import type { Model } from '@headgate/core'
import { modelSchema, strictJson, UserError } from '@headgate/core'
import { z } from 'zod'

const assignmentSchema = z.object({
  version: z.string(),
  reason: z.string(),
  previous: z.string().nullable(),
  ledger: z.string().nullable(),
})
/** What an assignment's tag keeps beside its name. */
export type AssignmentNote = z.output<typeof assignmentSchema>

/** GTO's own subject line, then the record as JSON: the tag is all the storage that a registry in Git needs. */
export function registrationMessage(model: Model): string {
  const { aliases: _moving, ...record } = model
  return `Registering artifact ${model.name} version v${model.version}\n\n${strictJson({ ...record, aliases: [] })}`
}

export function assignmentMessage(name: string, alias: string, note: AssignmentNote): string {
  return `Assigning stage ${alias} to artifact ${name} version v${note.version}\n\n${strictJson(note)}`
}

export function unassignmentMessage(name: string, alias: string, note: AssignmentNote): string {
  return `Unassigning stage ${alias} of artifact ${name} version v${note.version}\n\n${strictJson(note)}`
}

/** @throws UserError for a tag without a record, and for one whose record is of another version. */
export function readRecord(tag: string, message: string, name: string, version: string): Model {
  const parsed = modelSchema.safeParse(bodyOf(message))
  if (!parsed.success) throw unreadable(tag, 'it has no record of a model, or one that cannot be read')
  if (parsed.data.name !== name || parsed.data.version !== version)
    throw unreadable(tag, `its record is of ${parsed.data.name} ${parsed.data.version}`)
  return parsed.data
}

/** What an assignment's tag keeps; `undefined` for one that another tool wrote. */
export function readAssignment(message: string): AssignmentNote | undefined {
  const parsed = assignmentSchema.safeParse(bodyOf(message))
  return parsed.success ? parsed.data : undefined
}

function unreadable(tag: string, why: string): UserError {
  return new UserError({
    what: `the tag ${tag} cannot be used: ${why}.`,
    fix: 'Another tool may have written it: adopt that model with `headgate register-model --import`.',
  })
}

function bodyOf(message: string): unknown {
  const start = message.indexOf('\n\n')
  // A signature, where tags are signed, follows the record.
  const body = message.slice(start + 2).replace(/\n-----BEGIN [\s\S]*$/, '\n')
  try {
    return start < 0 ? undefined : JSON.parse(body)
  } catch {
    return undefined
  }
}
