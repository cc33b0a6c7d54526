import { byteSizeSchema, durationSchema } from '@headgate/core'
import { z } from 'zod'

/** What a service is held against. A figure without a limit is told and passes. */
export const serviceLimits = z
  .strictObject({
    p95: durationSchema.optional().meta({ description: 'The 95th percentile of the latency is at most this.' }),
    errorRate: z.number().min(0).max(1).optional().meta({ description: 'At most this share of answers is 5xx.' }),
    memory: byteSizeSchema.optional().meta({ description: 'Resident memory is at most this.' }),
    uptime: durationSchema.optional().meta({ description: 'The service has been up for at least this.' }),
    minRequests: z
      .int()
      .positive()
      .default(20)
      .meta({ description: 'With fewer requests, latency and errors are not judged.' }),
    onNoData: z.enum(['fail', 'pass', 'wait']).default('wait').meta({
      description: 'What a limit without enough data to judge it is: failed, passed, or inconclusive (`wait`).',
    }),
    interval: durationSchema.optional().meta({
      description: 'Scrape twice, this long apart, and judge what came between; else what came since the start.',
    }),
    timeout: durationSchema.prefault('5s').meta({ description: 'How long the service has to answer a scrape.' }),
  })
  .prefault({})
export type ServiceLimits = z.output<typeof serviceLimits>
