import type { Application } from './application.ts'
import type { SparkSettings } from './settings.ts'

/** What a submission says besides the settings. */
export interface Submission {
  /** The application’s name on the master’s pages. */
  readonly name: string
  readonly application: Pick<Application, 'file' | 'args' | 'class'>
  /** A file of properties that may not stand in the arguments, which every user of the machine can read. */
  readonly propertiesFile?: string | undefined
}

/** The properties of a training: `conf`, and what makes Spark’s own log short enough to find the training’s in it. */
export function propertiesOf({ conf, master }: Pick<SparkSettings, 'conf' | 'master'>): Record<string, string> {
  // Without waiting there would be no exit code.
  const waits =
    master === 'yarn'
      ? { 'spark.yarn.submit.waitAppCompletion': 'true' }
      : master.startsWith('k8s://')
        ? { 'spark.kubernetes.submission.waitAppCompletion': 'true' }
        : {}
  return { 'spark.log.level': 'WARN', 'spark.ui.showConsoleProgress': 'false', ...conf, ...waits }
}

/** The arguments of `spark-submit`. No secret is among them. */
export function submitArguments(settings: SparkSettings, submission: Submission): string[] {
  const { application, name, propertiesFile } = submission
  return [
    ...['--master', settings.master, '--deploy-mode', settings.deployMode, '--name', name],
    ...libraryArguments(settings),
    ...(propertiesFile === undefined ? [] : ['--properties-file', propertiesFile]),
    ...Object.entries(propertiesOf(settings)).flatMap(([key, value]) => ['--conf', `${key}=${value}`]),
    ...(application.class === undefined ? [] : ['--class', application.class]),
    application.file,
    ...application.args,
  ]
}

/** `--packages`, `--py-files` and `--jars`. */
export function libraryArguments({ packages, pyFiles, jars }: SparkSettings): string[] {
  const flags = { '--packages': packages, '--py-files': pyFiles, '--jars': jars }
  return Object.entries(flags).flatMap(([flag, values]) => (values.length === 0 ? [] : [flag, values.join(',')]))
}
