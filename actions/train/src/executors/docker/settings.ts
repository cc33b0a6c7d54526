import { byteSizeSchema } from '@headgate/core'
import { dockerCommands } from '@headgate/systems/docker'
import { z } from 'zod'

const build = z.strictObject({
  context: z.string().default('.').meta({ description: 'The folder that the Dockerfile copies from.' }),
  file: z.string().optional().meta({ description: 'The Dockerfile.', defaultText: '`Dockerfile` of the context' }),
  target: z.string().optional().meta({ description: 'The stage of it to build.', defaultText: 'the last' }),
})

/** The block `docker:` of a training. */
export const dockerSettings = z
  .strictObject({
    image: z.string().min(1).optional().meta({
      description: 'The image, pulled where it is not there.',
      example: 'python:3.12-slim',
    }),
    build: z
      .union([z.string().min(1), build])
      .optional()
      .meta({ description: 'Build the image instead: the folder of a Dockerfile, or `context`, `file` and `target`.' }),
    command: z
      .enum(dockerCommands)
      .default('auto')
      .meta({ description: 'The command that is used; `auto`: docker, or podman where there is no docker.' }),
    user: z.string().min(1).optional().meta({
      description: 'Who the command is in the container: a name or `uid:gid`; `image`: whom the image says.',
      defaultText: 'whoever runs Headgate',
    }),
    gpus: z
      .union([z.literal('all'), z.int().positive(), z.array(z.string()).min(1)])
      .optional()
      .meta({ description: 'GPUs: `all`, how many, or their ids.', defaultText: 'none', example: 'all' }),
    network: z.string().min(1).optional().meta({
      description: 'The network: `none`, `host`, or the name of one.',
      defaultText: 'the engine’s own',
    }),
    sharedMemory: byteSizeSchema.prefault('1GB').meta({
      description: 'The size of `/dev/shm`, through which data loaders hand over batches.',
    }),
    mounts: z
      .record(z.string().startsWith('/'), z.string().startsWith('/'))
      .default({})
      .meta({
        description:
          'Further folders of the engine’s machine, by path, and where the container finds them: read-only, and not part of the training key.',
        example: { '/mnt/weights': '/weights' },
      }),
    writable: z.boolean().default(false).meta({
      description: 'Whether the command may write into the work tree, which is mounted read-only otherwise.',
    }),
  })
  .refine(({ image, build: built }) => (image === undefined) !== (built === undefined), {
    error: 'needs `image` or `build`, and not both',
  })
export type DockerSettings = z.output<typeof dockerSettings>
