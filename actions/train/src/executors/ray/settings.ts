import { byteSizeSchema } from '@headgate/core'
import { z } from 'zod'

const resources = z.strictObject({
  cpus: z.number().positive().optional().meta({ description: 'CPUs.' }),
  gpus: z.number().positive().optional().meta({ description: 'GPUs.' }),
  memory: byteSizeSchema.optional().meta({ description: 'Memory, which Ray counts but does not limit.' }),
  custom: z
    .record(z.string(), z.number().positive())
    .default({})
    .meta({ description: 'Resources of your own, by name.' }),
})

/** What these would say has a setting of ours. */
const ownKeys: Readonly<Record<string, string>> = {
  working_dir: 'the work tree is uploaded by itself',
  env_vars: 'say `env` of `train`',
  pip: 'say `ray: {requirements, installer}`',
  uv: 'say `ray: {requirements, installer}`',
}

/** The block `ray:` of a training. */
export const raySettings = z.strictObject({
  address: z.string().min(1).meta({
    description: 'The dashboard of the Ray head, which takes jobs.',
    example: 'http://ray-head:8265',
  }),
  token: z.string().min(1).optional().meta({
    description: 'The token of Ray’s own authentication, as `${env:NAME}`.',
    example: '${env:RAY_AUTH_TOKEN}',
  }),
  headers: z
    .record(z.string(), z.string())
    .default({})
    .meta({ description: 'Headers of every request, for what stands before the head; secrets as `${env:NAME}`.' }),
  resources: resources.prefault({}).meta({
    description:
      'What Ray reserves for the command itself, besides what its tasks ask for. With any of them, it may run on another node than the head’s.',
    example: { cpus: 2 },
  }),
  requirements: z.string().min(1).default('lock').meta({
    description:
      'The Python packages that Ray installs for the job: `lock`: those of the lock file, which has to be a `requirements*.txt` or `.lock`; `off`: none, when the nodes have them; else the path of such a file.',
  }),
  installer: z.enum(['pip', 'uv']).default('pip').meta({ description: 'By what Ray installs them.' }),
  runtimeEnv: z
    .record(z.string(), z.json())
    .default({})
    .superRefine((given, context) => {
      for (const key of Object.keys(given).filter((name) => name in ownKeys))
        context.addIssue({ code: 'custom', message: `${key} cannot be said here: ${ownKeys[key]}`, path: [key] })
    })
    .meta({
      description: 'More of Ray’s runtime environment, by Ray’s own names.',
      example: { image_uri: 'acme/ray:1' },
    }),
  secrets: z.enum(['driver', 'workers']).default('driver').meta({
    description:
      'Who gets the secrets of `env`. `driver`: only the command itself, and no page of Ray’s shows them. `workers`: its tasks and actors too, through the runtime environment, which Ray shows to whoever may ask its API.',
  }),
})
export type RaySettings = z.output<typeof raySettings>
