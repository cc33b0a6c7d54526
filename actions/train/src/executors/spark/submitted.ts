import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { UserError } from '@headgate/core'
import { endProcessGroup, lastLinesOf, readService, startService } from '@headgate/systems'
import { findSparkSubmit, reachMaster } from '@headgate/systems/spark'
import type { JobStatus, Spec } from '../port.ts'
import { propertiesOf, submitArguments } from './arguments.ts'
import { type Submitter, writeSubmission } from './cluster.ts'
import { propertiesText, redaction } from './properties.ts'
import type { SparkSettings } from './settings.ts'
import { isUrl } from './staging.ts'
import { readExit, supervised } from './supervision.ts'
import { requireYarn } from './yarn.ts'

export interface SubmittedOptions {
  readonly settings: SparkSettings
  readonly environment: Readonly<Record<string, string>>
  readonly workspace: string
}

/** Hands drivers to YARN or Kubernetes by spark-submit, which waits here for their end. */
export function sparkSubmitter({ settings, environment, workspace }: SubmittedOptions): Submitter {
  return {
    check: async (spec) => {
      requireYarn(settings, environment)
      refuseOpenSecrets(spec, settings)
      await findSparkSubmit(settings.submit, environment, workspace)
      await reachMaster(settings.master)
    },
    submit: async (spec, folder, there) => {
      const { command, configuration } = await findSparkSubmit(settings.submit, environment, workspace)
      const secrets = secretProperties(spec, there)
      const propertiesFile = Object.keys(secrets).length === 0 ? undefined : join(folder, 'submit.properties')
      if (propertiesFile !== undefined) {
        await writeFile(propertiesFile, '', { mode: 0o600 })
        await chmod(propertiesFile, 0o600)
        await writeFile(propertiesFile, await propertiesText(configuration, secrets, propertiesOf(there)))
      }
      await startService({
        argv: supervised(join(folder, 'submit-exit'), [
          command,
          ...clusterArguments(spec.name, folder, there, propertiesFile),
        ]),
        cwd: folder,
        environment: { ...spec.inherited },
        pidFile: join(folder, 'submit-pid.json'),
        logFile: join(folder, 'submit.log'),
      })
      await writeSubmission(folder, spec.name)
    },
    look,
    kill: async (folder) => {
      const identity = await readService(join(folder, 'submit-pid.json'))
      if (identity) await endProcessGroup(identity)
    },
  }
}

/** What `spark-submit` is given: the launcher, which Kubernetes’ containers find in the shared folder. */
export function clusterArguments(
  name: string,
  folder: string,
  settings: SparkSettings,
  propertiesFile: string | undefined,
): string[] {
  const isKubernetes = settings.master.startsWith('k8s://')
  const there = (path: string): string => (isKubernetes && !isUrl(path) ? `local://${path}` : path)
  const { pyFiles, jars } = settings
  const { [redaction]: _, ...others } = settings.conf
  const conf = propertiesFile === undefined ? settings.conf : others
  const application = { file: there(join(folder, 'launcher.py')), args: [folder], class: undefined }
  const carried = { ...settings, conf, pyFiles: pyFiles.map(there), jars: jars.map(there) }
  return submitArguments(carried, { name, application, propertiesFile })
}

const secretReference = 'spark.kubernetes.driver.secretKeyRef.'

/** In a pod, whoever may read pods would read them: there they come from a Secret. */
function refuseOpenSecrets({ secretNames }: Spec, { master, conf }: SparkSettings): void {
  const open = secretNames.filter((name) => !(`${secretReference}${name}` in conf))
  if (!master.startsWith('k8s://') || open.length === 0) return
  throw new UserError(
    open.map((name) => ({
      what: `\`env\`: the secret ${name} would stand in the driver’s pod, which others may read.`,
      fix: `Put it into a Secret of the cluster, and say \`spark: {conf: {${secretReference}${name}: NAME:KEY}}\`.`,
    })),
  )
}

/** The variables that are secrets, as properties of the driver. */
export function secretProperties(
  { secretNames, variables }: Pick<Spec, 'secretNames' | 'variables'>,
  { master }: Pick<SparkSettings, 'master'>,
): Record<string, string> {
  if (master !== 'yarn') return {}
  return Object.fromEntries(secretNames.map((name) => [`spark.yarn.appMasterEnv.${name}`, variables[name] ?? '']))
}

const [searchedLines, toldLines] = [100, 4]

/** What spark-submit says of a driver that never began. Elsewhere than where it waits, nothing is known of it. */
async function look(folder: string): Promise<JobStatus | undefined> {
  const exit = await readExit(join(folder, 'submit-exit'))
  if (exit === undefined) return undefined
  const message = exit === 0 ? `its driver did not find ${folder}: is it \`shared\` there too?` : await errorIn(folder)
  return { state: 'failed', exitCode: null, cause: 'start', message }
}

/** The last errors in what spark-submit printed, without their traces. */
async function errorIn(folder: string): Promise<string> {
  const lines = await lastLinesOf(join(folder, 'submit.log'), searchedLines)
  const errors = lines.filter((line) => /error|exception/i.test(line) && !/^\s+at |^\t/.test(line))
  return (errors.length > 0 ? errors : lines).slice(-toldLines).join('; ').slice(0, 1000)
}
