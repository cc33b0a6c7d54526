import { z } from 'zod'

/** The block `ray:` of a training. */
export const raySettings = z.strictObject({
  address: z.string().min(1).optional().meta({
    description: 'The address of the head’s dashboard.',
    defaultText: 'RAY_API_SERVER_ADDRESS, else RAY_ADDRESS where that begins with `http`',
    example: 'http://127.0.0.1:8265',
  }),
  requirements: z
    .union([z.literal('off'), z.literal('lock'), z.string().min(1)])
    .default('lock')
    .meta({
      description:
        'What Ray installs for the job by pip: the project’s lock where it is a requirements file, another requirements file, or nothing (`off`), where the cluster has all that it needs.',
    }),
  cpus: z.number().nonnegative().optional().meta({
    description: 'Cores that the command itself reserves, besides the tasks and actors that it starts.',
    defaultText: 'none',
  }),
  gpus: z.number().nonnegative().optional().meta({
    description: 'GPUs that the command itself reserves.',
    defaultText: 'none',
  }),
  resources: z
    .record(z.string(), z.number().positive())
    .optional()
    .meta({
      description: 'Further resources that the command reserves, by the cluster’s own names.',
      example: { accelerator_type_T4: 0.1 },
    }),
  runtimeEnv: z
    .record(z.string(), z.json())
    .default({})
    .meta({
      description: 'More of Ray’s runtime environment, in its own words. `working_dir` is ours.',
      example: { py_executable: 'uv run' },
    }),
})
export type RaySettings = z.output<typeof raySettings>
