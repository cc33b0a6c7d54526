import { z } from 'zod'
import { digestSchema } from '../digest.ts'
import { statusSchema } from '../verdict.ts'

const finite = z.number().nullable()

const missingShareSchema = z
  .object({
    reference: finite,
    current: finite,
    jumped: z
      .boolean()
      .optional()
      .meta({ description: 'Whether they differ by 5 points or more, and beyond chance (Fisher, Holm, 5 %).' }),
  })
  .meta({ description: 'Rows without a value, as a share of all rows; null where there is no such column, or no row.' })
export type MissingShare = z.output<typeof missingShareSchema>

export const columnDriftSchema = z.object({
  column: z.string(),
  type: z.string(),
  test: z
    .string()
    .meta({ description: 'By its registry name in Evidently; `unknown` where current data leaves none to choose.' }),
  score: finite,
  threshold: finite,
  drifted: z.boolean().nullable().meta({ description: 'Null where it could not be decided.' }),
  interval: z
    .object({ low: z.number(), high: z.number() })
    .nullable()
    .meta({ description: 'Certified: the exact score lies in it.' }),
  pValue: finite,
  missingShare: missingShareSchema,
  status: statusSchema,
  note: z.string().optional(),
  distribution: z
    .object({ labels: z.array(z.string()), reference: z.array(z.number()), current: z.array(z.number()) })
    .optional()
    .meta({ description: 'Shares of the rows by bin or category, as far as they may be shown; of drifted columns.' }),
})
export type ColumnDrift = z.output<typeof columnDriftSchema>

export const serviceFigureSchema = z.object({
  name: z.string(),
  value: finite,
  unit: z.string(),
  limit: finite,
  status: statusSchema,
  query: z.string().meta({ description: 'How it was measured: a PromQL query, or the series of `/metrics`.' }),
  note: z.string().optional(),
})
export type ServiceFigure = z.output<typeof serviceFigureSchema>

export const decisionSchema = z.object({
  retrain: z.boolean(),
  reasons: z.array(z.string()).meta({ description: 'Why, or why not, in words.' }),
  blockedBy: z.array(z.string()).meta({ description: 'What held it back although there was a reason.' }),
  key: z.string().nullable().meta({ description: 'Idempotency key of the retraining.' }),
  runUrl: z.string().nullable().meta({ volatile: true }),
})
export type Decision = z.output<typeof decisionSchema>

const side = z.object({
  source: z.string(),
  digest: digestSchema,
  rows: z.int().nonnegative(),
  kind: z.enum(['data', 'profile']),
})

export const driftSchema = z.object({
  reference: side,
  current: side.extend({ window: z.object({ from: z.string(), until: z.string() }).nullable() }),
  preset: z.string(),
  columns: z.array(columnDriftSchema),
  untested: z
    .array(
      z.object({
        column: z.string(),
        reason: z.string(),
        missingShare: missingShareSchema.optional(),
        status: statusSchema,
      }),
    )
    .meta({ description: 'Columns that could not be compared whatever current data held: they are not in the share.' }),
  share: finite,
  drifted: z.boolean().nullable(),
  service: z.array(serviceFigureSchema),
  quality: z
    .array(
      z.object({
        metric: z.string(),
        value: finite,
        approved: finite,
        rows: z.int().nonnegative(),
        limit: finite,
        status: statusSchema,
      }),
    )
    .nullable(),
  version: z.string().nullable().meta({ description: 'The model version that the environment is meant to serve.' }),
  decision: decisionSchema,
  history: z
    .array(z.object({ until: z.string(), drifted: z.boolean(), share: finite }))
    .optional()
    .meta({ description: 'Earlier windows in the ledger, oldest first.', volatile: true }),
})
export type Drift = z.output<typeof driftSchema>
