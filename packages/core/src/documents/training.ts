import { z } from 'zod'
import { digestSchema } from '../digest.ts'

/** A file of the run's output, by its path in the output folder. */
export const fileSchema = z.object({ path: z.string(), digest: digestSchema, bytes: z.int().nonnegative() })
export type File = z.output<typeof fileSchema>

/** Why a run ended badly, and what to do. */
export const failureSchema = z.object({ message: z.string(), remedy: z.string() })

const parameter = z.union([
  z.string(),
  z.number(),
  z.boolean(),
  z.null(),
  z.array(z.unknown()),
  z.record(z.string(), z.unknown()),
])

const gpuSchema = z.object({
  name: z.string(),
  driver: z.string().nullable(),
  memoryBytes: z.int().nonnegative().nullable(),
})

/** Of the machine that trains: `null` where that is another one, of which nothing is known here. */
export const environmentSchema = z.object({
  os: z.string().nullable(),
  cpu: z.string().nullable(),
  memoryBytes: z.int().nonnegative().nullable().default(null),
  gpus: z.array(gpuSchema).nullable().default(null).meta({ description: 'Null where none is found.' }),
  cuda: z.string().nullable().default(null).meta({ description: 'The newest CUDA that the driver serves.' }),
  interpreter: z.string().nullable().meta({ description: 'Such as `Python 3.11.7`.' }),
  lock: z.object({ path: z.string(), digest: digestSchema }).nullable(),
  packages: z
    .array(z.string())
    .nullable()
    .meta({ description: 'A freeze, where there is no lock file, or one that leaves versions open.' }),
  image: z.string().nullable(),
  variables: z
    .record(z.string(), z.string())
    .default({})
    .meta({ description: 'What `env` set for the command, with secrets hidden.' }),
})

export const trainingSchema = z.object({
  run: z.object({
    id: z.string().meta({ volatile: true }),
    executor: z.string(),
    handle: z.string().nullable().meta({ volatile: true }),
    command: z.array(z.string()),
    params: z.record(z.string(), parameter),
    startedAt: z.iso.datetime().meta({ volatile: true }),
    finishedAt: z.iso.datetime().nullable().meta({ volatile: true }),
    exitCode: z.int().nullable(),
    peakMemoryBytes: z.int().nonnegative().nullable().meta({ volatile: true }),
  }),
  data: z.array(
    z.object({
      path: z.string(),
      digest: digestSchema,
      weak: z.boolean().optional().meta({ description: 'Its source has no versions.' }),
      content: digestSchema
        .optional()
        .meta({ description: 'Of the content that was downloaded, where `digest` is another.' }),
    }),
  ),
  code: z.object({
    commit: z.string(),
    dirty: digestSchema.nullable().meta({ description: 'Digest of uncommitted changes; null for a clean work tree.' }),
    paths: z.array(z.string()),
    digest: digestSchema,
  }),
  environment: environmentSchema,
  seeds: z
    .record(z.string(), parameter)
    .default({})
    .meta({ description: 'The parameters and variables that are seeds by their names.' }),
  expected: z
    .object({
      machine: z.string().nullable().meta({ description: 'The machine that trains, as far as it is known.' }),
      durationMs: z
        .number()
        .nonnegative()
        .nullable()
        .meta({ description: 'Median of earlier trainings of this model by this executor.' }),
      trainings: z.int().nonnegative().meta({ description: 'How many those are.' }),
    })
    .optional()
    .meta({ description: 'What was said before it began.', volatile: true }),
  metrics: z.record(z.string(), z.number().nullable()),
  artifacts: z.array(fileSchema),
  modelArtifact: z
    .object({ path: z.string(), digest: digestSchema, bytes: z.int().nonnegative() })
    .nullable()
    .meta({ description: 'The folder `model/` as one: the digest of its tree.' }),
  predictions: fileSchema.nullable(),
  tracking: z
    .object({
      kind: z.string(),
      url: z.string().meta({ volatile: true, description: 'The run’s page.' }),
      runId: z.string().meta({ volatile: true }),
      notLogged: z
        .array(z.string())
        .default([])
        .meta({ description: 'What the tracking server did not get, and why.' }),
    })
    .nullable(),
  dvc: z
    .object({ locks: z.array(z.object({ path: z.string(), digest: digestSchema, changed: z.boolean() })) })
    .optional()
    .meta({ description: 'The `dvc.lock` files after a pipeline of DVC, and whether it changed them.' }),
  key: digestSchema.meta({ description: 'Of code paths, data, parameters, lock, command and image.' }),
  keyParts: z
    .record(z.string(), digestSchema)
    .default({})
    .meta({ description: 'The digest of each part of the key, by which a change is told.' }),
  cache: z.object({ hit: z.boolean(), reason: z.string() }),
  error: failureSchema.optional(),
})
export type Training = z.output<typeof trainingSchema>
