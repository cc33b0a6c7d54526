import { z } from 'zod'

const units = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const

/** A length of time such as `90s`, `30m`, `12h`, `7d`, `2w`. */
export const durationSchema = z.string().regex(/^\d+[smhdw]$/, 'expected a duration such as 30m, 12h or 7d')

/** Milliseconds of a duration that `durationSchema` accepts. */
export function milliseconds(duration: string): number {
  const unit = duration.at(-1) as keyof typeof units
  return Number(duration.slice(0, -1)) * units[unit]
}

/** When a finding becomes a training. */
export const retrainRules = z
  .strictObject({
    windows: z
      .int()
      .positive()
      .default(2)
      .meta({ description: 'How many of the last windows must have drifted, the newest included.' }),
    of: z.int().positive().default(3).meta({ description: 'How many windows are looked at.' }),
    cooldown: durationSchema.default('24h').meta({ description: 'The least time between two retrainings.' }),
    budget: z
      .strictObject({ day: z.int().positive().default(1), month: z.int().positive().default(8) })
      .prefault({})
      .meta({ description: 'The most retrainings in any 24 hours and in any 30 days.' }),
    lease: durationSchema
      .default('3h')
      .meta({ description: 'How long a started retraining counts as in flight without a sign of it.' }),
  })
  .refine((rules) => rules.windows <= rules.of, { error: '`windows` cannot be more than `of`', path: ['windows'] })
  .prefault({})
export type RetrainRules = z.output<typeof retrainRules>
