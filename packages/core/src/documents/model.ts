import { z } from 'zod'
import { digestSchema } from '../digest.ts'
import { fileSchema } from './training.ts'

const evidence = z.object({ digest: digestSchema, verdict: z.string().optional() })

/** Where a version comes from. `unknown` for a model that was adopted from production. */
export const lineageSchema = z.object({
  commit: z.string().nullable(),
  training: z.object({ digest: digestSchema, key: digestSchema, runId: z.string() }).nullable(),
  data: z.array(z.object({ path: z.string(), digest: digestSchema })),
  environment: digestSchema.nullable(),
  evaluation: evidence
    .extend({
      baseline: z.string().nullable(),
      bootstrap: z.boolean(),
      recomputed: z
        .boolean()
        .optional()
        .meta({ description: 'Whether registration recomputed the verdict from the digested predictions.' }),
    })
    .nullable(),
  validation: evidence.nullable(),
  imported: z.boolean(),
})

export const modelSchema = z.object({
  name: z.string(),
  version: z.string().meta({ description: 'Semantic version without the `v`.' }),
  digest: digestSchema.meta({ description: 'Of the tree of files.' }),
  files: z.array(fileSchema),
  attachments: z.array(fileSchema).meta({ description: 'Kept beside the model: predictions, profile, documents.' }),
  aliases: z.array(z.string()).meta({ volatile: true }),
  lineage: lineageSchema,
  registry: z.object({
    kind: z.string(),
    location: z.string(),
    reference: z.string().meta({ description: 'Tag or id in the registry.' }),
  }),
  store: z.object({ kind: z.string(), location: z.string() }),
  signature: z.unknown().nullable(),
})
export type Model = z.output<typeof modelSchema>
