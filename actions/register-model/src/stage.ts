import { defineStage, ledgerSettings, nameSetting, registrySetting, storeSetting } from '@headgate/core'
import { bumps } from '@headgate/registries'
import { reports } from '@headgate/stage-reports'
import { z } from 'zod'

const settings = z.object({
  name: nameSetting,
  path: z.string().optional().meta({
    description: 'The folder (or file) of the model.',
    defaultText: '`output/model` in the work folder',
    example: 'model',
  }),
  registry: registrySetting,
  store: storeSetting,
  bump: z
    .enum(['auto', ...bumps])
    .default('auto')
    .meta({
      description:
        'Which part of the highest version is raised: `major` if callers must change, `patch` if they cannot tell. `auto` is `patch` where the gate compared with a version on the same rows and every difference may as well be none, by its interval, else `minor`.',
    }),
  alias: z
    .string()
    .regex(/^[a-z][a-z0-9-]*$/, 'expected lower-case letters, digits and `-`')
    .optional()
    .meta({
      description: 'The alias that the version gets; `champion` where nothing is deployed from here.',
      defaultText: '`challenger`; with `import`, `champion`',
    }),
  import: z.boolean().default(false).meta({
    description: 'Adopt a model that is in production already: no evidence is asked for, its lineage is unknown.',
  }),
  ledger: ledgerSettings,
})

export const stage = defineStage({
  name: 'register-model',
  promise: 'Gives a model that passed its gate a version, an alias and a lineage, and keeps its bytes by digest.',
  failOn: 'inconclusive',
  settings,
  document: 'model',
  outputs: {
    version: { description: 'The version.', example: '1.2.0', value: (document) => document.version },
    digest: {
      description: 'The digest of the model’s tree.',
      example: 'sha256:…',
      value: (document) => document.digest,
    },
    tag: {
      description: 'The tag, or id, in the registry.',
      example: 'flight-delays@v1.2.0',
      value: (document) => document.registry.reference,
    },
  },
  report: reports.model,
})
