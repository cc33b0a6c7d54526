import { dockerSettings } from './docker/settings.ts'
import { kubernetesSettings } from './kubernetes/settings.ts'
import { raySettings } from './ray/settings.ts'
import { sparkSettings } from './spark/settings.ts'

/** The settings that belong to one executor, under its name. A block of another one than is used has no effect. */
export const executorBlocks = {
  docker: dockerSettings.optional().meta({
    description: 'What `executor: docker` needs: the image.',
    fileOnly: true,
    example: { image: 'python:3.12-slim' },
  }),
  kubernetes: kubernetesSettings.optional().meta({
    description: 'What `executor: kubernetes` needs: the image, and how its pod is placed, paid for and read back.',
    fileOnly: true,
    example: { image: 'ghcr.io/acme/train:1' },
  }),
  ray: raySettings.optional().meta({
    description: 'What `executor: ray` needs: the address of the head’s dashboard.',
    fileOnly: true,
    example: { address: 'http://127.0.0.1:8265' },
  }),
  spark: sparkSettings.optional().meta({
    description: 'What `executor: spark` needs: the master.',
    fileOnly: true,
    example: { master: 'local[*]' },
  }),
}
