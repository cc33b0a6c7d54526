import { z } from 'zod'
import { digestSchema } from '../digest.ts'
import { statusSchema } from '../verdict.ts'

/** The state of one data source when it was read. */
export const dataStateSchema = z.object({
  source: z.string().meta({ description: 'Where the data came from, without credentials.' }),
  rows: z.int().nonnegative(),
  columns: z.int().nonnegative(),
  digest: digestSchema,
  weak: z
    .boolean()
    .optional()
    .meta({ description: 'The source has no versions: the digest cannot prove the content.' }),
})

/** A failing row: its position in the source and, where the contract names a key, the key. Values only on request. */
export const rowSampleSchema = z.object({
  row: z.int().nonnegative().optional().meta({ description: 'Position in the source, counted from 0.' }),
  key: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])).optional(),
  value: z.unknown().optional().meta({ description: 'The failing value; only with `show-values`.' }),
})

export const checkSchema = z.object({
  id: z.string(),
  name: z.string().meta({ description: 'What the contract’s format calls this check.' }),
  columns: z.array(z.string()),
  status: statusSchema,
  severity: z.enum(['error', 'warning']),
  rows: z.int().nonnegative().nullable().meta({ description: 'Rows looked at.' }),
  missing: z.int().nonnegative().nullable(),
  unexpected: z.int().nonnegative().nullable().meta({ description: 'Counted as the contract’s format counts.' }),
  observed: z.union([z.string(), z.number(), z.boolean(), z.null()]),
  expected: z.string(),
  samples: z.array(rowSampleSchema),
  sql: z.string(),
  location: z.object({ file: z.string(), line: z.int().positive() }).nullable(),
  note: z.string().optional(),
})
export type Check = z.output<typeof checkSchema>

export const validationSchema = z.object({
  data: dataStateSchema,
  contract: z.object({
    path: z.string(),
    format: z.string(),
    digest: digestSchema,
    ref: z
      .string()
      .optional()
      .meta({ description: 'The base branch that it was read from, on a pull request; without, this commit’s own.' }),
    changed: z
      .string()
      .optional()
      .meta({ description: 'What the pull request would change: which contract, its text, which data.' }),
    caveats: z
      .array(z.string())
      .optional()
      .meta({ description: 'What of it the pull request itself decided: then `warn` is the best verdict.' }),
  }),
  checks: z.array(checkSchema),
})
export type Validation = z.output<typeof validationSchema>
