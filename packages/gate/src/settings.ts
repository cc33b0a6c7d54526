import type { Settings } from '@headgate/core'
import { commonSettings, kebab, ledgerSettings, nameSetting, ruleSchema } from '@headgate/core'
import type { SettingsSource } from '@headgate/settings'
import { loadSettings } from '@headgate/settings'
import { z } from 'zod'

const names = z.union([z.string(), z.array(z.string())])
const values = z.union([z.string(), z.number(), z.boolean()])

/** What the gate is told. Without defaults: what the base branch leaves open must be told from what it says. */
const gateSettings = z.object({
  candidate: z.string().optional().meta({
    description: 'The candidate’s predictions: id, prediction and/or scores as Parquet, CSV or NDJSON.',
    defaultText: '`<work-folder>/output/predictions.*`',
    example: 'output/predictions.parquet',
  }),
  baseline: values.optional().meta({
    description:
      'What the candidate is compared with: `champion`, a version, or a file of predictions of the same rows.',
    defaultText: 'none',
    example: 'champion',
  }),
  testData: z.string().optional().meta({
    description:
      'The held-out rows with id, label and slice columns. Without it the evidence is self-reported, and `warn` the best verdict.',
    defaultText: 'none',
    example: 'data/test.parquet',
  }),
  policy: z
    .union([z.string(), z.array(ruleSchema)])
    .optional()
    .meta({
      description: 'The rules that decide, or a YAML file with them. On a pull request the base branch’s rules hold.',
      example: [{ metric: 'roc_auc', 'max-loss': 0.02 }],
    }),
  id: z.string().optional().meta({ description: 'The column that names a row.', defaultText: '`id`' }),
  label: z.string().optional().meta({ description: 'The column with the truth.', defaultText: '`label`' }),
  prediction: z
    .string()
    .optional()
    .meta({ description: 'The column with the predicted class or value.', defaultText: '`prediction`' }),
  score: names.optional().meta({
    description:
      'The column with the probability of the positive class; for several classes one column each, in the order of `classes`.',
    list: 'comma',
    defaultText: '`score`',
  }),
  classes: z
    .union([values, z.array(values)])
    .optional()
    .meta({ description: 'The classes in the order of the scores.', list: 'comma', defaultText: 'the labels, sorted' }),
  positive: values.optional().meta({
    description: 'The label that counts as positive.',
    defaultText: '`1` or `true` where the labels are 0 and 1, or false and true',
    example: '1',
  }),
  weight: z
    .string()
    .optional()
    .meta({ description: 'The column with the weight of a row.', defaultText: 'all rows weigh the same' }),
  slices: names.optional().meta({
    description: 'Columns by whose values the metrics are reported too.',
    list: 'comma',
    defaultText: 'those of the policy',
    example: 'origin',
  }),
  metrics: names.optional().meta({
    description: 'Metrics to report without a rule.',
    list: 'comma',
    defaultText: 'those of the policy',
    example: 'average_precision',
  }),
  predict: z
    .union([z.string(), z.array(z.string()).min(1)])
    .optional()
    .meta({
      description:
        'The command that scores test rows with any version: it gets HEADGATE_MODEL, HEADGATE_DATA (rows without labels) and HEADGATE_OUTPUT.',
      example: 'python predict.py',
    }),
  bootstrap: z.boolean().optional().meta({
    description: 'Whether a first model is accepted while there is no version to compare with; ignored afterwards.',
    defaultText: '`false`',
  }),
  seed: z
    .int()
    .min(0)
    .max(0xffffffff)
    .optional()
    .meta({ description: 'Seed of the resampling intervals.', defaultText: '`7`' }),
  name: nameSetting,
  registry: z.string().optional().meta({ description: 'Where versions are kept.', defaultText: '`git`' }),
  store: z.string().optional().meta({
    description: 'Where the versions’ bytes are, as `kind[:location]`.',
    defaultText: 'release assets on a forge that has them, else a folder',
    example: 'directory:../store',
  }),
  ledger: ledgerSettings,
  baseRef: z.string().optional().meta({
    description: 'The branch or commit whose gate block and policy hold.',
    defaultText: 'the pull request’s base; none otherwise',
    example: 'origin/main',
  }),
})

/** The block `evaluate-gate` of `headgate.yml`, for the stage and for whoever judges again. */
export const gateBlock = { name: 'evaluate-gate', failOn: 'inconclusive', settings: gateSettings } as const
export type GateSettings = Settings<typeof gateBlock>

const common: ReadonlySet<string> = new Set(Object.keys(commonSettings.shape).map(kebab))

/**
 * The gate's block of a model without the flags of this run: only those that every stage has are let through.
 * @throws UserError with every mistake in it.
 */
export function loadGateBlock(model: string, source: SettingsSource): Promise<GateSettings> {
  const input = (name: string) => (name === 'model' ? model : common.has(name) ? source.input(name) : undefined)
  return loadSettings(gateBlock, { ...source, input })
}
