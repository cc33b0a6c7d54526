import { z } from 'zod'

/** The block `spark:` of a training. */
export const sparkSettings = z.strictObject({
  master: z.string().optional(),
})
