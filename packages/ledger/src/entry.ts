import { randomUUID } from 'node:crypto'
import type { Place } from '@headgate/core'
import { digestSchema, UserError } from '@headgate/core'
import { z } from 'zod'

const run = z.object({ id: z.string(), url: z.string() })

const common = {
  id: z.string().min(1).meta({ description: 'An entry whose id is already there is not written again.' }),
  model: z.string(),
  at: z.iso.datetime(),
  commit: z.string().nullable(),
  actor: z.string(),
  run: run.optional(),
}

const version = z.string()

/** One line of the ledger: why something happened, and when. Digests stand for data. */
export const ledgerEntrySchema = z.discriminatedUnion('kind', [
  z.object({
    ...common,
    kind: z.literal('window'),
    from: z.iso.datetime(),
    until: z.iso.datetime(),
    drifted: z.boolean(),
    share: z.number().nullable(),
    version: version.nullable(),
  }),
  z.object({
    ...common,
    kind: z.literal('decision'),
    retrain: z.boolean(),
    reasons: z.array(z.string()),
    blockedBy: z.array(z.string()),
    key: z.string(),
    runUrl: z.string().nullable(),
  }),
  z.object({ ...common, kind: z.literal('claim'), key: z.string(), until: z.iso.datetime() }),
  z.object({
    ...common,
    kind: z.literal('outcome'),
    key: z.string(),
    result: z.enum(['succeeded', 'failed', 'cancelled', 'refused']),
    version: version.optional(),
  }),
  z.object({
    ...common,
    kind: z.literal('training'),
    key: z.string(),
    version: version.optional(),
    durationMs: z.number().nonnegative(),
    runId: z.string().optional(),
    executor: z.string().optional(),
    keyParts: z
      .record(z.string(), digestSchema)
      .optional()
      .meta({ description: 'The digest of each part of the key, by which a later training tells what changed.' }),
  }),
  z.object({
    ...common,
    kind: z.literal('registration'),
    version,
    digest: digestSchema,
    tag: z.string(),
    key: z.string().nullable(),
    verdict: z.string().nullable(),
  }),
  z.object({
    ...common,
    kind: z.literal('promotion'),
    alias: z.string(),
    version,
    previous: version.nullable(),
    digest: digestSchema,
    reason: z.string(),
  }),
  z.object({
    ...common,
    kind: z.literal('deployment'),
    environment: z.string(),
    version,
    previousVersion: version.nullable(),
    status: z.enum(['succeeded', 'failed', 'rolled-back']),
    endpoint: z.string().nullable(),
    reason: z.string(),
    rollback: z.boolean().optional().meta({ description: 'Somebody went back from `previousVersion` on purpose.' }),
  }),
])
export type Entry = z.output<typeof ledgerEntrySchema>
export type EntryKind = Entry['kind']
export type EntryOf<K extends EntryKind> = Extract<Entry, { kind: K }>

type WithoutStamp<E> = E extends Entry ? Omit<E, 'model' | 'id' | 'at'> & { id?: string; at?: string } : never
/** An entry to append. Give it an `id` worked out from its content where a re-run must not write it twice. */
export type NewEntry = WithoutStamp<Entry>

/** The longest line, in bytes. */
export const maxEntryBytes = 4096

/** Completes new entries. The ids that are missing follow from `call`, so that a repeated attempt writes the same. */
export function stampEntries(entries: readonly NewEntry[], model: string, call: string, now: Date): Entry[] {
  return entries.map((entry, index) =>
    ledgerEntrySchema.parse({ id: `${call}-${index}`, at: now.toISOString(), ...entry, model }),
  )
}

/** Names one call of `update`. */
export function newCall(): string {
  return randomUUID()
}

/**
 * The line of an entry, without line break.
 * @throws UserError when it is longer than 4 KB.
 */
export function entryLine(entry: Entry): string {
  const line = JSON.stringify(entry)
  const bytes = Buffer.byteLength(line)
  if (bytes <= maxEntryBytes) return line
  throw new UserError({
    what: `a ledger entry of kind ${entry.kind} has ${bytes} bytes; ${maxEntryBytes} are allowed.`,
    fix: 'Shorten its reasons, and name data by digests.',
  })
}

/**
 * The entry of a line; `undefined` for a kind that this release does not know.
 * @throws UserError for a line that is damaged.
 */
export function parseLine(line: string, where: Place): Entry | undefined {
  const value = readJson(line, where)
  const kind = typeof value === 'object' && value !== null && 'kind' in value ? value.kind : undefined
  const parsed = ledgerEntrySchema.safeParse(value)
  if (parsed.success) return parsed.data
  if (typeof kind === 'string' && !kinds.has(kind)) return undefined
  const [issue] = parsed.error.issues
  throw new UserError({ what: `is no ledger entry: ${issue?.path.join('.')}: ${issue?.message}`, where })
}

const kinds: ReadonlySet<string> = new Set(ledgerEntrySchema.options.map((option) => option.shape.kind.value))

function readJson(line: string, where: Place): unknown {
  try {
    return JSON.parse(line)
  } catch (error) {
    throw new UserError({ what: `is not JSON: ${(error as Error).message}`, where })
  }
}
