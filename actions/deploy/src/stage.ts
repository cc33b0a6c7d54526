import {
  defineStage,
  durationSchema,
  environmentSetting,
  ledgerSettings,
  nameSetting,
  registrySetting,
  storeSetting,
} from '@headgate/core'
import { reports } from '@headgate/stage-reports'
import { z } from 'zod'
import { smokeSchema } from './smoke.ts'
import { targetBlocks } from './targets/blocks.ts'
import { targetNames } from './targets/names.ts'

const settings = z.object({
  name: nameSetting,
  modelVersion: z
    .string()
    .optional()
    .meta({ description: 'The version to deploy.', example: '1.2.0', defaultText: 'the one that `alias` names' }),
  alias: z.string().default('challenger').meta({ description: 'The alias whose version is deployed.' }),
  target: z
    .enum(targetNames)
    .default('process')
    .meta({ description: 'Where the model is served. This release has `process`.' }),
  ...targetBlocks,
  environment: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]*$/, 'expected lower-case letters, digits and `-`')
    .default('production')
    .meta({ description: 'Where this is: `production`, `staging`, `preview` or another name.' }),
  production: z
    .boolean()
    .default(false)
    .meta({ description: 'Whether a completed deployment makes the version the `champion`.' }),
  serve: z
    .union([z.string(), z.array(z.string()).min(1)])
    .optional()
    .meta({
      description: 'The command that serves a model, with `{model}` (a folder) and `{port}`; never read by a shell.',
      example: 'python serve.py {model} {port}',
      defaultText: 'none: `target: process` needs it',
    }),
  env: environmentSetting,
  health: z
    .string()
    .startsWith('/')
    .default('/health')
    .meta({ description: 'The path that answers 2xx once the model is ready.' }),
  healthTimeout: durationSchema.prefault('60s').meta({ description: 'How long a version may take to become healthy.' }),
  smoke: z.union([z.string(), smokeSchema]).default([]).meta({
    description: 'Requests that a version must answer as expected before it gets traffic: a JSON file, or a list.',
    example: 'smoke.json',
    defaultText: 'none',
  }),
  metrics: z
    .string()
    .startsWith('/')
    .optional()
    .meta({ description: 'The path of Prometheus metrics, which must answer.', example: '/metrics' }),
  host: z.string().default('127.0.0.1').meta({ description: 'The address on which the front listens.' }),
  port: z.int().min(1).max(65535).default(8080).meta({ description: 'The port on which the front listens.' }),
  drain: durationSchema
    .prefault('30s')
    .meta({ description: 'How long the old version may take to answer what it has begun.' }),
  stateFolder: z.string().optional().meta({
    description: 'What outlives the job: files of the served versions, process ids, logs.',
    defaultText: '`deployments/<environment>` in the work folder; in CI, `headgate` in the user’s state folder',
  }),
  on: z
    .enum(['push', 'manual'])
    .default('manual')
    .meta({ description: 'Whether a push to the default branch deploys, in `headgate run`.' }),
  autoPromote: z.boolean().default(false).meta({
    description: 'Whether a retraining that passed its gate is deployed without a person, in `headgate run`.',
  }),
  registry: registrySetting,
  store: storeSetting,
  ledger: ledgerSettings,
})

export const stage = defineStage({
  name: 'deploy',
  promise: 'Serves a registered version beside the old one, checks it, moves the traffic, and goes back if it must.',
  failOn: 'inconclusive',
  settings,
  document: 'deployment',
  outputs: {
    version: { description: 'The version that was deployed.', example: '1.2.0', value: (document) => document.version },
    endpoint: {
      description: 'Where it is reached.',
      example: 'http://127.0.0.1:8080',
      value: (document) => document.endpoint ?? '',
    },
    rolledBack: {
      description: 'Whether the version before serves again.',
      example: 'false',
      value: (document) => String(document.rolledBack),
    },
  },
  report: reports.deployment,
})

/** The command `rollback`: the settings of `deploy`, and where to go back to. */
export const rollbackStage = defineStage({
  ...stage,
  promise: 'Serves an earlier good version again, and moves the aliases back with the reason.',
  settings: settings.extend({
    to: z.string().optional().meta({
      description: 'The version to go back to.',
      example: '1.1.0',
      defaultText: 'the last version that was good here before; one that was rolled back from is not',
    }),
    reason: z.string().default('asked for').meta({ description: 'Why, for the ledger.' }),
  }),
})
