import {
  defineStage,
  duckdbLibrarySetting,
  ledgerSettings,
  nameSetting,
  registrySetting,
  storeSetting,
} from '@headgate/core'
import { retrainRules } from '@headgate/retraining'
import { serviceLimits } from '@headgate/service-health'
import { reports } from '@headgate/stage-reports'
import { z } from 'zod'

const settings = z.object({
  reference: z.string().default('champion').meta({
    description:
      'What current data is compared with: data (a path, folder or glob), a stored `profile.json`, or `champion`, the profile kept with the model in production.',
    example: 'data/train/*.parquet',
  }),
  current: z
    .string()
    .meta({ description: 'What production saw: a path, folder or glob.', example: 'data/current.parquet' }),
  tests: z.string().default('evidently').meta({
    description:
      'How columns are compared: `evidently`, its default test for each column, or one test by its name there, for the columns that it can test (`ks`, `psi`, `jensenshannon`, …). `calibrated` is not in this release.',
    example: 'psi',
  }),
  driftShare: z.number().gt(0).max(1).default(0.5).meta({
    description: 'The data as a whole has drifted from this share of drifted columns on.',
  }),
  columns: z
    .array(z.string())
    .default([])
    .meta({ description: 'The columns that are compared.', list: 'comma', defaultText: 'all columns', example: 'age' }),
  exclude: z
    .array(z.string())
    .default([])
    .meta({ description: 'Columns that are not compared.', list: 'comma', defaultText: 'none', example: 'comment' }),
  timestamp: z.string().optional().meta({
    description: 'The column that says when a row happened. It is not compared.',
    example: 'time',
  }),
  window: z
    .enum(['day', 'week', 'month'])
    .optional()
    .meta({ description: 'Only the last whole day, week or month (UTC) of current data.', defaultText: 'all rows' }),
  until: z.iso
    .datetime({ offset: true })
    .or(z.iso.date())
    .optional()
    .meta({ description: 'Where the window ends: rows before it count.', example: '2026-02-01', defaultText: 'none' }),
  id: z.string().optional().meta({ description: 'The column that names a row. It is not compared.', example: 'id' }),
  truth: z.string().optional().meta({
    description: 'The column with the true outcome, where it has come in. It is not compared.',
    example: 'late',
  }),
  prediction: z.string().optional().meta({
    description: 'The column with predictions; it is compared where the reference has it.',
    example: 'prediction',
  }),
  score: z.string().optional().meta({
    description: 'The column with scores; it is compared where the reference has it.',
    example: 'score',
  }),
  prometheusUrl: z
    .string()
    .optional()
    .meta({ description: 'A Prometheus server to ask. Not in this release.', example: 'http://prometheus:9090' }),
  metricsUrl: z.string().optional().meta({
    description: 'The service’s own metrics, in Prometheus’s text format.',
    example: 'http://127.0.0.1:8080/metrics',
  }),
  service: serviceLimits.meta({
    description: 'What the service is held against: `p95`, `error-rate`, `memory`, `uptime`.',
    fileOnly: true,
    example: { p95: '250ms', 'error-rate': 0.01 },
  }),
  retrain: z.enum(['off', 'decide', 'dispatch']).default('off').meta({
    description: 'Whether drift makes a retraining: `decide` says so in outputs, `dispatch` starts `workflow`.',
  }),
  rules: retrainRules.meta({
    description: 'When drift becomes a retraining: m of n windows, cooldown, budget, lease.',
    fileOnly: true,
    example: { windows: 2, of: 3, cooldown: '24h' },
  }),
  workflow: z.string().default('retrain.yml').meta({
    description: 'The workflow that `dispatch` starts on the default branch, with the input `reason`.',
  }),
  environment: z.string().default('production').meta({ description: 'Whose deployed version the findings are about.' }),
  name: nameSetting,
  registry: registrySetting,
  store: storeSetting,
  ledger: ledgerSettings,
  duckdbLibrary: duckdbLibrarySetting,
})

export const stage = defineStage({
  name: 'drift-check',
  promise: 'Compares what production sees with what the model learnt from, and decides whether to train again.',
  failOn: 'never',
  settings,
  document: 'drift',
  outputs: {
    drifted: {
      description: 'Whether the data as a whole has drifted; empty where that could not be decided.',
      example: 'true',
      value: (document) => (document.drifted === null ? '' : String(document.drifted)),
    },
    share: {
      description: 'The share of compared columns that drifted.',
      example: '0.6',
      value: (document) => (document.share === null ? '' : String(document.share)),
    },
    retrain: {
      description: 'Whether to train again.',
      example: 'true',
      value: (document) => String(document.decision.retrain),
    },
    runUrl: {
      description: 'The retraining that was started.',
      example: 'https://github.com/owner/name/actions/runs/1',
      value: (document) => document.decision.runUrl ?? '',
    },
  },
  report: reports.drift,
})
