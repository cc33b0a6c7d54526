import { z } from 'zod'
import { digestSchema } from '../digest.ts'
import { statusSchema } from '../verdict.ts'

const finite = z.number().nullable()

/** How a registered version’s training went when it was run again. */
export const reproductionSchema = z.object({
  version: z.string(),
  original: z.object({
    commit: z.string(),
    runId: z.string(),
    key: digestSchema,
    startedAt: z.iso.datetime(),
    durationMs: z.number().nonnegative().nullable(),
  }),
  run: z
    .object({
      id: z.string().meta({ volatile: true }),
      key: digestSchema,
      durationMs: z.number().nonnegative().nullable().meta({ volatile: true }),
    })
    .nullable()
    .meta({ description: 'Null where nothing was trained, because its data is no longer there.' }),
  tolerance: z
    .object({ absolute: z.number().nonnegative(), relative: z.number().nonnegative() })
    .meta({ description: 'How far a value may lie from what it was: absolute + relative × |was|.' }),
  data: z.array(
    z.object({
      path: z.string(),
      was: digestSchema,
      is: digestSchema.nullable().meta({ description: 'Null where there is nothing.' }),
      restoredFrom: z.enum(['commit', 'work-tree', 'data', 'training']).nullable().meta({
        description: 'Where the same data was found; `training`: read by the training itself; null: nowhere.',
      }),
    }),
  ),
  differences: z
    .array(z.object({ what: z.string(), was: z.string().nullable(), is: z.string().nullable() }))
    .meta({ description: 'What of code, settings, environment and machine is not as it was.' }),
  basis: z.enum(['predictions', 'metrics.json', 'none']).meta({
    description:
      '`predictions`: the gate’s metrics of both predictions on the test data; `metrics.json`: what the training code says.',
  }),
  basisReason: z.string().meta({ description: 'Why it is no better one; empty for `predictions`.' }),
  metrics: z.array(
    z.object({
      metric: z.string(),
      slice: z.string().nullable(),
      was: finite,
      is: finite,
      difference: finite,
      allowed: finite,
      status: statusSchema,
    }),
  ),
  predictions: z
    .object({
      rows: z.int().nonnegative(),
      differing: z.int().nonnegative().meta({ description: 'Rows predicted differently, beyond the tolerance.' }),
      largest: finite.meta({ description: 'The largest difference of a score or a value.' }),
    })
    .nullable(),
  artifacts: z.array(z.object({ path: z.string(), was: digestSchema.nullable(), is: digestSchema.nullable() })),
})
export type Reproduction = z.output<typeof reproductionSchema>
