import { z } from 'zod'
import { digestSchema } from '../digest.ts'
import { statusSchema } from '../verdict.ts'

const finite = z.number().nullable()

/** One entry of the gate's policy. Margins are positive numbers in the metric's own unit unless `relative`. */
export const ruleSchema = z.strictObject({
  metric: z.string().meta({ description: 'A metric by its scikit-learn name.' }),
  slice: z.string().optional().meta({ description: '`column=value`, or a column for each of its values.' }),
  min: z.number().optional().meta({ description: 'Floor: the value must not be lower.' }),
  max: z.number().optional().meta({ description: 'Ceiling: the value must not be higher.' }),
  maxLoss: z.number().nonnegative().optional().meta({ description: 'How much worse than the baseline is still fine.' }),
  relative: z.boolean().optional().meta({ description: 'Margins are shares of the baseline’s absolute value.' }),
  minGain: z.number().nonnegative().optional().meta({ description: 'How much better than the baseline it must be.' }),
  maxGap: z.number().nonnegative().optional().meta({ description: 'How far the slices may lie apart.' }),
  required: z.boolean().optional().meta({ description: 'Whether it decides (default) or only warns.' }),
  minRows: z
    .int()
    .positive()
    .optional()
    .meta({ description: 'Slices with fewer rows are only reported. Default: 200.' }),
  alpha: z.number().gt(0).lt(0.5).optional().meta({ description: 'One-sided error rate. Default: 0.05.' }),
})
export type Rule = z.output<typeof ruleSchema>

const limits = ['min', 'max', 'maxLoss', 'minGain', 'maxGap'] as const

/** The limits that a rule sets. */
export function limitsOf(rule: Rule): (typeof limits)[number][] {
  return limits.filter((limit) => rule[limit] !== undefined)
}

export const metricResultSchema = z.object({
  metric: z.string(),
  slice: z.string().nullable(),
  rows: z.int().nonnegative(),
  candidate: finite,
  baseline: finite,
  difference: finite.meta({ description: 'Candidate minus baseline.' }),
  interval: z
    .object({ low: finite, high: finite, level: z.number(), of: z.enum(['candidate', 'difference']) })
    .nullable(),
  pValue: finite,
  method: z.string(),
  status: statusSchema,
  rule: ruleSchema.nullable(),
  reason: z.string().meta({ description: 'Which bound met which limit, in words.' }),
})
export type MetricResult = z.output<typeof metricResultSchema>

export const evaluationSchema = z.object({
  task: z.enum(['binary', 'multiclass', 'regression']),
  policy: z.object({
    path: z.string(),
    ref: z.string().nullable().meta({ description: 'The commit or branch that the policy was read from.' }),
    digest: digestSchema,
    changed: z.string().optional().meta({ description: 'What the pull request would change in it, as a diff.' }),
  }),
  evidence: z.enum(['held-out', 'self-reported']),
  testData: z.object({ source: z.string(), digest: digestSchema, rows: z.int().nonnegative() }).nullable(),
  candidate: z.object({
    source: z.string(),
    digest: digestSchema,
    modelDigest: digestSchema.nullable(),
    trainingKey: digestSchema.nullable(),
  }),
  baseline: z.object({
    kind: z.enum(['none', 'file', 'champion', 'version']),
    version: z.string().nullable(),
    digest: digestSchema.nullable().meta({ description: 'Of the baseline’s predictions.' }),
    modelDigest: digestSchema.nullable(),
    paired: z.boolean(),
  }),
  bootstrap: z.boolean().meta({ description: 'A first model was accepted without a baseline.' }),
  seed: z.int().nonnegative(),
  metrics: z.array(metricResultSchema),
  confusion: z.object({ labels: z.array(z.string()), counts: z.array(z.array(z.int().nonnegative())) }).nullable(),
  calibration: z
    .array(
      z.object({
        low: z.number(),
        high: z.number(),
        count: z.int().nonnegative(),
        meanScore: finite,
        observedShare: finite,
      }),
    )
    .nullable(),
})
export type Evaluation = z.output<typeof evaluationSchema>
