import { z } from 'zod'

/** The block `kubernetes:` of a training. */
export const kubernetesSettings = z.strictObject({
  image: z.string().optional(),
})
