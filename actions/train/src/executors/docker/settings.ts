import { z } from 'zod'

/** The block `docker:` of a training. */
export const dockerSettings = z.strictObject({
  image: z.string().optional(),
})
