import { dirname } from 'node:path'
import {
  byteSizeSchema,
  defineStage,
  durationSchema,
  environmentSetting,
  ledgerSettings,
  nameSetting,
  storeSetting,
} from '@headgate/core'
import { reports } from '@headgate/stage-reports'
import { z } from 'zod'
import { executorBlocks } from './executors/blocks.ts'
import { executorNames } from './executors/port.ts'
import { pipelineSettings } from './pipeline/settings.ts'
import { pullRequestRules } from './pull-request.ts'
import { trackingKinds } from './tracking/port.ts'

const settings = z.object({
  run: z.union([z.string(), z.array(z.string()).min(1)]).meta({
    description:
      'The command that trains: a list of words, or text that is split by quoting rules and never read by a shell. A notebook, alone or after a Python, is run by papermill.',
    example: 'python train.py',
  }),
  shell: z.boolean().default(false).meta({ description: 'Whether `run` is read by `/bin/sh`.' }),
  executor: z.enum(executorNames).default('process').meta({ description: 'Where training runs.' }),
  ...executorBlocks,
  dvc: pipelineSettings.optional().meta({
    description:
      'Where a pipeline leaves what it makes, when `run` is `dvc repro`: its `model` and `predictions`, which are copied to the output. Metrics come from `dvc metrics show`.',
    fileOnly: true,
    defaultText: '`model`, and `predictions.parquet`, `.csv` or `.ndjson`',
    example: { model: 'models/churn' },
  }),
  param: z
    .union([z.record(z.string(), z.json()), z.array(z.union([z.string(), z.record(z.string(), z.json())]))])
    .default({})
    .meta({
      description:
        'Parameters, which the code reads from the JSON file `HEADGATE_PARAMS`. Those given as flags, as `name=value`, add to those of `headgate.yml`.',
      list: 'lines',
      example: 'seed=7',
    }),
  data: z
    .union([z.string(), z.array(z.string())])
    .optional()
    .meta({
      description:
        'What `HEADGATE_DATA` names: files, folders, globs, `x.dvc`, `dvc.yaml` (what its pipeline begins from), `https://…`, `s3://bucket/key` or `s3://bucket/prefix/`. What is not here is brought before training, or its address is handed on where the executor reads addresses.',
      list: 'lines',
      defaultText: 'the data of `validation.json`',
      example: 'data/train/*.parquet',
    }),
  testData: z.string().optional().meta({
    description: 'The held-out rows. Their digest is part of the training key, since the predictions are of them.',
    example: 'data/test.parquet',
  }),
  code: z
    .union([z.string(), z.array(z.string())])
    .optional()
    .meta({
      description:
        'The files that make the model what it is, as paths or globs: when one changes, it is trained again.',
      list: 'lines',
      defaultText: 'all files that Git tracks, except the data',
      example: 'train.py',
    }),
  env: environmentSetting,
  store: storeSetting,
  timeout: durationSchema
    .optional()
    .meta({ description: 'After this time the command is ended.', example: '30m', defaultText: 'none' }),
  memory: byteSizeSchema.optional().meta({
    description: 'Above this resident memory the command is ended. Needs Linux.',
    example: '4GB',
    defaultText: 'none',
  }),
  fetchLimit: byteSizeSchema.prefault('10GB').meta({
    description:
      'How much data is brought to this machine at most, when the executor reads files. More is refused before anything is downloaded, as far as sizes are known, else where it is reached.',
  }),
  tracking: z
    .enum(['auto', ...trackingKinds, 'off'])
    .default('auto')
    .meta({
      description:
        'Where the training is logged, with its parameters, data, artifacts, model and metrics: those of `metrics.json`, and their course where there is a `metrics.ndjson` of lines `{"key", "value", "step", "timestamp"}`. `auto`: to MLflow where `MLFLOW_TRACKING_URI` is set. A server that does not answer is an error before anything is trained.',
    }),
  experiment: z.string().optional().meta({
    description: 'The experiment of the tracking server that the training is logged to.',
    defaultText: '`MLFLOW_EXPERIMENT_NAME`, else the model’s name',
    example: 'flight-delays',
  }),
  onPullRequest: z.enum(pullRequestRules).optional().meta({
    description:
      'Whether a pull request trains; `label`: only one that is labelled `train`. The base branch’s word holds; one that asks its executor for more needs the label.',
    defaultText: '`always` with `executor: process`, `label` with one that costs elsewhere',
  }),
  name: nameSetting,
  ledger: ledgerSettings,
  detach: z.boolean().default(false).meta({
    description: 'End once the training is submitted: `attach` goes on with it, in another job or on another machine.',
  }),
  attach: z.string().optional().meta({
    description: 'Go on with a training that was submitted with `detach`: its output `handle`, or the file of it.',
    example: '.headgate/flight-delays/handle.json',
  }),
  sweep: z.boolean().default(false).meta({
    description: 'End the model’s trainings that nobody waits for any more, instead of training.',
  }),
})

export const stage = defineStage({
  name: 'train',
  promise: 'Runs your training with its inputs pinned, and keeps what it leaves: model, predictions, metrics.',
  failOn: 'inconclusive',
  settings,
  document: 'training',
  outputs: {
    runId: {
      description: 'The training’s id.',
      example: '20260102T030405-1f2e3d4c',
      value: (document) => document.run.id,
    },
    handle: {
      description: 'By what a submitted training is found again, as JSON.',
      example: '{"schema":"headgate/handle@1",…}',
      value: (document) => document.run.handle ?? '',
    },
    modelPath: {
      description: 'The folder of the model.',
      example: '.headgate/flight-delays/output/model',
      value: (document) => document.modelArtifact?.path ?? '',
    },
    predictionsPath: {
      description: 'The file of predictions.',
      example: '.headgate/flight-delays/output/predictions.parquet',
      value: ({ modelArtifact, predictions }) =>
        modelArtifact && predictions ? `${dirname(modelArtifact.path)}/${predictions.path}` : '',
    },
  },
  report: reports.training,
  hasPostStep: true,
})
