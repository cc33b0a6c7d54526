import { durationSchema } from '@headgate/core'
import { z } from 'zod'

const amount = z
  .union([
    z.string().regex(/^\d+(\.\d+)?(m|k|[MGTPE]|[KMGTPE]i)?$/, 'expected an amount such as `500m`, `4` or `16Gi`'),
    z.number().nonnegative(),
  ])
  .transform((text) => String(text))
const amounts = z.record(z.string().min(1), amount).default({})

const toleration = z.strictObject({
  key: z.string().exactOptional(),
  operator: z.enum(['Exists', 'Equal']).exactOptional(),
  value: z.string().exactOptional(),
  effect: z.enum(['NoSchedule', 'PreferNoSchedule', 'NoExecute']).exactOptional(),
  tolerationSeconds: z.int().nonnegative().exactOptional(),
})

/** The block `kubernetes:` of a training. */
export const kubernetesSettings = z.strictObject({
  image: z.string().min(1).meta({
    description: 'The image. It needs `sh`, `tar`, `gzip` and `mkfifo`, as all but the barest have.',
    example: 'ghcr.io/acme/train@sha256:…',
  }),
  namespace: z.string().min(1).optional().meta({
    description: 'Where the Job is made.',
    defaultText: 'the namespace of the context, else `default`',
  }),
  context: z.string().min(1).optional().meta({
    description: 'Which cluster, and who we are there.',
    defaultText: 'the current context',
  }),
  kubeconfig: z.string().min(1).optional().meta({
    description: 'The file with the cluster’s address and our credentials.',
    defaultText: 'what `KUBECONFIG` names, else `~/.kube/config`, else the account of the pod that this runs in',
  }),
  resources: z
    .strictObject({ requests: amounts, limits: amounts })
    .prefault({})
    .meta({
      description:
        '`requests` and `limits` by name: `cpu`, `memory`, `gpu` (short for `nvidia.com/gpu`), or any other of the cluster. `memory` of the training is a request and a limit too.',
      example: { requests: { cpu: 4, memory: '16Gi' }, limits: { gpu: 1 } },
    }),
  nodeSelector: z
    .record(z.string(), z.string())
    .default({})
    .meta({ description: 'Labels that the node must have.', example: { 'cloud.google.com/gke-spot': 'true' } }),
  tolerations: z
    .array(toleration)
    .default([])
    .meta({
      description: 'Taints of nodes that are put up with, as in a pod.',
      example: [{ key: 'nvidia.com/gpu', operator: 'Exists' }],
    }),
  serviceAccount: z.string().min(1).optional().meta({
    description: 'Who the command is to the cluster, and by that often to the cloud.',
    defaultText: 'the default one, without its token',
  }),
  imagePullSecrets: z.array(z.string().min(1)).default([]).meta({ description: 'Secrets with the registry’s login.' }),
  secrets: z
    .record(
      z.string().min(1),
      z.string().regex(/^[^/]+\/[^/]+$/, 'expected the name of a Secret, `/`, and a key of it'),
    )
    .default({})
    .meta({
      description: 'Environment variables from Secrets that are in the namespace already, as `secret/key`.',
      example: { DATABASE_URL: 'warehouse/url' },
    }),
  volumeClaim: z.string().min(1).optional().meta({
    description:
      'A volume claim for the output, under `headgate/<job>`. With it the pod ends with the training, whoever waits.',
    defaultText: 'the pod stays until its output is collected',
  }),
  keepFor: durationSchema.prefault('1h').meta({
    description: 'For how long a pod without `volume-claim` waits after the training until its output is collected.',
  }),
  startWithin: durationSchema.prefault('15m').meta({
    description: 'For how long a pod may wait for a node before that is an error.',
  }),
  restricted: z.boolean().default(false).meta({
    description:
      'Whether the pod keeps the rules of the Pod Security Standard `restricted`; the image then needs a user.',
  }),
})
export type KubernetesSettings = z.output<typeof kubernetesSettings>
