import { z } from 'zod'
import { runnerSchema } from './context.ts'
import { digestSchema } from './digest.ts'
import { deploymentSchema } from './documents/deployment.ts'
import { driftSchema } from './documents/drift.ts'
import { evaluationSchema } from './documents/evaluation.ts'
import { modelSchema } from './documents/model.ts'
import { profileSchema } from './documents/profile.ts'
import { reproductionSchema } from './documents/reproduction.ts'
import { trainingSchema } from './documents/training.ts'
import { validationSchema } from './documents/validation.ts'
import { UserError } from './error.ts'
import { verdictSchema } from './verdict.ts'

/** What every document begins with. */
export const headerSchema = z.object({
  schema: z.string().regex(/^headgate\/[a-z]+@\d+$/),
  verdict: verdictSchema,
  summary: z.string().meta({ description: 'One sentence with the numbers that decided.' }),
  model: z.string(),
  commit: z.string().meta({ description: 'Head commit, never the forge’s merge commit.' }),
  createdAt: z.iso.datetime().meta({ volatile: true }),
  tool: z.string().meta({ description: 'Such as `headgate 1.0.0`.', volatile: true }),
  runner: runnerSchema.meta({ volatile: true }),
  inputs: z.array(z.object({ path: z.string(), digest: digestSchema })),
  durationMs: z.number().nonnegative().meta({ volatile: true }),
})
export type Header = z.output<typeof headerSchema>

/** The body of each kind of document. */
export const bodies = {
  validation: validationSchema,
  profile: profileSchema,
  training: trainingSchema,
  evaluation: evaluationSchema,
  model: modelSchema,
  deployment: deploymentSchema,
  drift: driftSchema,
  reproduction: reproductionSchema,
} as const
export type DocumentKind = keyof typeof bodies
export const documentKinds = Object.keys(bodies) as DocumentKind[]

type BodyOf<K extends DocumentKind> = z.output<(typeof bodies)[K]>
/** A profile says nothing about good or bad: it has no verdict. */
export type HeaderOf<K extends DocumentKind> = K extends 'profile' ? Omit<Header, 'verdict'> : Header
export type Document<K extends DocumentKind = DocumentKind> = K extends DocumentKind ? HeaderOf<K> & BodyOf<K> : never

/** A document of a stage: every kind but the profile has a verdict. */
export type StageKind = Exclude<DocumentKind, 'profile'>
export type StageDocument = Document<StageKind>

/** The major version that this release writes and reads. */
const major = 1

/** `headgate/evaluation@1`. */
export function schemaName(kind: DocumentKind): string {
  return `headgate/${kind}@${major}`
}

/** The file of a document in the work folder: `evaluation.json`. */
export function documentFile(kind: DocumentKind): string {
  return `${kind}.json`
}

/** The whole schema of a kind: header and body. */
export function documentSchema<K extends DocumentKind>(kind: K): z.ZodType<Document<K>> {
  const header = kind === 'profile' ? headerSchema.omit({ verdict: true }) : headerSchema
  const whole = header.extend({ schema: z.literal(schemaName(kind)), ...bodies[kind].shape })
  return whole as unknown as z.ZodType<Document<K>>
}

/**
 * Reads a document, dropping fields that this release does not know.
 * @throws UserError when it is no JSON, of another kind, of another major version, or does not match its schema.
 */
export function parseDocument<K extends DocumentKind>(kind: K, text: string, file: string): Document<K> {
  const value = readJson(text, file)
  const name = typeof value === 'object' && value !== null && 'schema' in value ? String(value.schema) : 'none'
  if (name !== schemaName(kind)) {
    const isOtherMajor = name.startsWith(`headgate/${kind}@`)
    const fix = isOtherMajor ? 'Use the release of Headgate that wrote it, or run the stage again.' : undefined
    throw new UserError({
      what: `expected a document of schema ${schemaName(kind)}, found ${name}.`,
      where: { file },
      fix,
    })
  }
  const parsed = documentSchema(kind).safeParse(value)
  if (parsed.success) return parsed.data
  throw new UserError(
    parsed.error.issues.map((issue) => ({
      what: `${issue.path.join('.') || 'the document'}: ${issue.message}`,
      where: { file },
    })),
  )
}

function readJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new UserError({ what: `is not JSON: ${(error as Error).message}.`, where: { file } })
  }
}

/**
 * The one way to compare two documents: the same document without what differs from run to run
 * (the fields that its schema marks as volatile).
 */
export function stable<K extends DocumentKind>(kind: K, document: Document<K>): unknown {
  return withoutVolatile(document, z.toJSONSchema(documentSchema(kind), { unrepresentable: 'any' }) as JsonSchema)
}

interface JsonSchema {
  readonly volatile?: boolean
  readonly properties?: Record<string, JsonSchema>
  readonly items?: JsonSchema
  readonly anyOf?: readonly JsonSchema[]
}

function withoutVolatile(value: unknown, schema: JsonSchema): unknown {
  if (Array.isArray(value)) {
    const items = schema.items ?? schema.anyOf?.find((option) => option.items)?.items ?? {}
    return value.map((item) => withoutVolatile(item, items))
  }
  if (typeof value !== 'object' || value === null) return value
  const properties = schema.properties ?? schema.anyOf?.find((option) => option.properties)?.properties ?? {}
  const kept = Object.entries(value).filter(([key]) => properties[key]?.volatile !== true)
  return Object.fromEntries(kept.map(([key, part]) => [key, withoutVolatile(part, properties[key] ?? {})]))
}
