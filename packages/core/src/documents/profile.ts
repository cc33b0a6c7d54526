import { z } from 'zod'
import { digestSchema } from '../digest.ts'
import { dataStateSchema } from './validation.ts'

const count = z.int().nonnegative()
const finite = z.number().nullable()

/** The logical types that a column can have. */
export const columnTypes = ['integer', 'float', 'boolean', 'string', 'timestamp', 'other'] as const

/** `bins[i]` holds the values in [edges[i], edges[i+1]), the last bin its upper edge too. */
export const histogramSchema = z.object({
  edges: z.array(z.number()),
  edgesDigest: digestSchema,
  bins: z.array(z.object({ count, sum: z.number() })),
  below: z.object({ count, sum: z.number() }),
  above: z.object({ count, sum: z.number() }),
})

export const columnProfileSchema = z.object({
  column: z.string(),
  type: z.enum(columnTypes),
  rows: count,
  nulls: count,
  nan: count,
  infinite: count,
  distinct: count.nullable().meta({ description: 'Exact count of distinct values that are neither null nor NaN.' }),
  minimum: finite,
  maximum: finite,
  moments: z
    .object({ count, mean: finite, m2: finite.meta({ description: 'Sum of squared deviations from the mean.' }) })
    .nullable(),
  categories: z
    .object({
      counts: z.array(z.object({ value: z.string(), count })),
      hashed: z.boolean().meta({ description: 'Values are salted hashes, because they may name persons.' }),
      others: count.meta({ description: 'Rows whose value is not listed.' }),
    })
    .nullable(),
  histogram: histogramSchema.nullable(),
})
export type ColumnProfile = z.output<typeof columnProfileSchema>

export const profileSchema = z.object({
  data: dataStateSchema,
  columns: z.array(columnProfileSchema),
})
export type Profile = z.output<typeof profileSchema>
