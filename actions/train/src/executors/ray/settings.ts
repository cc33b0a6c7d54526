import { z } from 'zod'

/** The block `ray:` of a training. */
export const raySettings = z.strictObject({
  address: z.string().optional(),
})
