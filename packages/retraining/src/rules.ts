import { durationSchema } from '@headgate/core'
import { z } from 'zod'

/** When a finding becomes a training. */
export const retrainRules = z
  .strictObject({
    windows: z
      .int()
      .positive()
      .default(2)
      .meta({ description: 'How many of the last windows must have drifted, the newest included.' }),
    of: z.int().positive().default(3).meta({ description: 'How many windows are looked at.' }),
    cooldown: durationSchema.prefault('24h').meta({ description: 'The least time between two retrainings.' }),
    budget: z
      .strictObject({ day: z.int().positive().default(1), month: z.int().positive().default(8) })
      .prefault({})
      .meta({ description: 'The most retrainings in any 24 hours and in any 30 days.' }),
    lease: durationSchema
      .prefault('3h')
      .meta({ description: 'How long a started retraining counts as in flight without a sign of it.' }),
  })
  .refine((rules) => rules.windows <= rules.of, { error: '`windows` cannot be more than `of`', path: ['windows'] })
  .prefault({})
export type RetrainRules = z.output<typeof retrainRules>
