import { z } from 'zod'

/** What a pipeline of DVC leaves, as paths in the work tree. */
export const pipelineSettings = z.strictObject({
  model: z.string().default('model').meta({ description: 'The file or folder of the model.' }),
  predictions: z.string().optional().meta({
    description: 'The file of predictions.',
    defaultText: '`predictions.parquet`, `.csv` or `.ndjson`',
    example: 'out/predictions.csv',
  }),
})
