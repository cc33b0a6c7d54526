import { z } from 'zod'

const masterForm = /^(local(\[[^\]]+\])?|spark:\/\/[^/\s]+|yarn|k8s:\/\/\S+)$/
/** They would contradict the settings of the same meaning. */
const ownKeys: Readonly<Record<string, string>> = {
  'spark.master': 'master',
  'spark.submit.deployMode': 'deploy-mode',
  'spark.jars.packages': 'packages',
  'spark.submit.pyFiles': 'py-files',
  'spark.jars': 'jars',
}
/** Names of values that `conf` would show to everybody who sees the process or Spark’s pages. */
const secretName = /(password|secret|token|(secret|access)[._-]?key)$/i

const confSchema = z.record(z.string(), z.coerce.string()).superRefine((conf, context) => {
  for (const [name, value] of Object.entries(conf)) {
    const wrong = wrongIn(name, value)
    if (wrong !== undefined) context.addIssue({ code: 'custom', path: [name], message: wrong })
  }
})

function wrongIn(name: string, value: string): string | undefined {
  if (!name.startsWith('spark.')) return 'does not begin with `spark.`: Spark would leave it out'
  const own = ownKeys[name]
  if (own !== undefined) return `is said by \`${own}\``
  if (secretName.test(name) && value !== '')
    return 'is a secret, which everybody who sees the process would read: give it in `env`, such as AWS_SECRET_ACCESS_KEY, which S3A reads'
  return undefined
}

/** The block `spark:` of a training. */
export const sparkSettings = z
  .strictObject({
    master: z
      .string()
      .regex(masterForm, { error: 'is none of `local[*]`, `spark://HOST:PORT`, `yarn`, `k8s://https://HOST:PORT`' })
      .meta({
        description: 'Spark’s master: `local[*]`, `spark://HOST:PORT` (several with commas), `yarn` or `k8s://URL`.',
        example: 'spark://spark.example.org:7077',
      }),
    deployMode: z.enum(['client', 'cluster']).default('client').meta({
      description:
        'Where the driver runs, which is your command: on this machine, or on one of the master’s. `cluster` needs `shared`.',
    }),
    submit: z.string().min(1).optional().meta({
      description: 'The command `spark-submit`, as a path.',
      defaultText: 'the one on the PATH, else that of SPARK_HOME',
      example: '/opt/spark/bin/spark-submit',
    }),
    conf: confSchema
      .default({})
      .meta({ description: 'Properties of Spark, without secrets.', example: { 'spark.driver.memory': '4g' } }),
    pyFiles: z
      .array(z.string().min(1))
      .default([])
      .meta({ description: 'Files `.py`, `.zip` or `.egg` that executors import too: paths or URLs.' }),
    packages: z
      .array(z.string().regex(/^[^\s:,]+:[^\s:,]+:[^\s:,]+$/, { error: 'is not `group:artifact:version`' }))
      .default([])
      .meta({ description: 'Maven’s packages.', example: ['org.apache.hadoop:hadoop-aws:3.4.1'] }),
    jars: z
      .array(z.string().min(1))
      .default([])
      .meta({ description: 'Further jars for driver and executors: paths or URLs.' }),
    class: z.string().min(1).optional().meta({
      description: 'The main class, where `run` is a jar.',
      defaultText: 'that of the jar’s manifest',
      example: 'org.example.Train',
    }),
    rest: z
      .url({ protocol: /^https?$/ })
      .optional()
      .meta({
        description: 'The REST server of a standalone master, for `deploy-mode: cluster`.',
        defaultText: 'port 6066 of the master',
        example: 'http://spark.example.org:6066',
      }),
    shared: z.string().startsWith('/').optional().meta({
      description:
        'A folder that this machine and those of the cluster see by the same path, for `deploy-mode: cluster`: code goes there, output and log come from there.',
      example: '/mnt/shared/headgate',
    }),
  })
  .superRefine(({ master, deployMode, shared, rest }, context) => {
    const add = (path: string, message: string): void => context.addIssue({ code: 'custom', path: [path], message })
    if (deployMode === 'cluster' && master.startsWith('local'))
      add('deployMode', `is \`cluster\`, and \`${master}\` has none: say \`client\``)
    if (deployMode === 'cluster' && shared === undefined)
      add(
        'shared',
        'is missing: with `deploy-mode: cluster`, code and output pass through a folder that all machines see',
      )
    if (rest !== undefined && (deployMode === 'client' || !master.startsWith('spark://')))
      add('rest', 'is for `deploy-mode: cluster` with a master `spark://…`')
  })
export type SparkSettings = z.output<typeof sparkSettings>
