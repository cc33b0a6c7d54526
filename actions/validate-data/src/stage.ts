import { defineStage, duckdbLibrarySetting, storeSetting } from '@headgate/core'
import { reports } from '@headgate/stage-reports'
import { z } from 'zod'

const settings = z.object({
  data: z.string().meta({
    description: 'The data: a file, a folder or a glob of CSV, Parquet or NDJSON files.',
    example: 'data/train/*.parquet',
  }),
  contract: z.string().meta({
    description:
      'The data contract, in the Open Data Contract Standard 3.1. A contract of several tables: `contract.yaml#<table>`. On a pull request the base branch says which one holds, and what is in it.',
    example: 'contract.yaml',
  }),
  engine: z
    .enum(['auto', 'duckdb', 'spark', 'postgres'])
    .default('auto')
    .meta({ description: 'What runs the checks. This release has `duckdb`.' }),
  sampleFailures: z
    .int()
    .nonnegative()
    .max(1000)
    .default(5)
    .meta({ description: 'How many failing rows are located for each check.' }),
  showValues: z
    .boolean()
    .default(false)
    .meta({ description: 'Whether the document holds the failing values, which may be personal data.' }),
  duckdbLibrary: duckdbLibrarySetting,
  store: storeSetting,
})

export const stage = defineStage({
  name: 'validate-data',
  promise: 'Checks data against its contract, and says which rows break which line of it.',
  failOn: 'inconclusive',
  settings,
  document: 'validation',
  outputs: {},
  report: reports.validation,
})
