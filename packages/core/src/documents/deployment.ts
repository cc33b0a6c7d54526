import { z } from 'zod'
import { digestSchema } from '../digest.ts'
import { failureSchema } from './training.ts'

export const deploymentStepSchema = z.object({
  name: z.string(),
  status: z.enum(['pending', 'running', 'done', 'failed', 'skipped']),
  startedAt: z.iso.datetime().nullable().meta({ volatile: true }),
  durationMs: z.number().nonnegative().nullable().meta({ volatile: true }),
  evidence: z.string().meta({ description: 'What was seen, in words.' }),
})
export type DeploymentStep = z.output<typeof deploymentStepSchema>

export const deploymentSchema = z.object({
  environment: z.string(),
  production: z.boolean(),
  target: z.string(),
  name: z.string(),
  version: z.string(),
  digest: digestSchema,
  previousVersion: z.string().nullable(),
  endpoint: z.string().nullable(),
  steps: z.array(deploymentStepSchema),
  rolledBack: z.boolean(),
  reason: z.string(),
  error: failureSchema.optional(),
})
export type Deployment = z.output<typeof deploymentSchema>
