import { access, constants, readdir, readFile, realpath } from 'node:fs/promises'
import { delimiter, dirname, join, resolve } from 'node:path'
import { UserError } from '@headgate/core'

type Environment = Readonly<Record<string, string>>

export interface SparkSubmit {
  /** Absolute path. */
  readonly command: string
  /** The folder of `spark-defaults.conf`; `undefined` where it cannot be told. */
  readonly configuration: string | undefined
}

/**
 * Finds `spark-submit`: the path that is asked for, else the one on the PATH, else that of SPARK_HOME.
 * @throws UserError where there is none, and where it lacks the Java that it needs.
 */
export async function findSparkSubmit(
  asked: string | undefined,
  environment: Environment,
  cwd: string,
): Promise<SparkSubmit> {
  const { PATH = '', SPARK_HOME } = environment
  const known = [...PATH.split(delimiter).filter(Boolean), ...(SPARK_HOME ? [join(SPARK_HOME, 'bin')] : [])]
  const candidates = asked === undefined ? known.map((folder) => join(folder, 'spark-submit')) : [resolve(cwd, asked)]
  const submit = await firstExecutable(candidates)
  if (submit === undefined) throw notInstalled(asked, SPARK_HOME)
  const home = await homeOf(submit, SPARK_HOME)
  const configuration = environment.SPARK_CONF_DIR || (home && join(home, 'conf'))
  await requireJava(home, configuration, environment)
  return { command: submit, configuration }
}

function notInstalled(asked: string | undefined, home: string | undefined): UserError {
  const where = asked ?? (home ? `on the PATH, or in SPARK_HOME (${home})` : 'on the PATH, and SPARK_HOME is not set')
  return new UserError({
    what: `there is no spark-submit ${asked === undefined ? where : `at ${where}, or it may not be executed`}.`,
    fix: 'Install Spark in a step before (`pip install pyspark` brings spark-submit), or name it: `spark: {submit: /opt/spark/bin/spark-submit}`.',
  })
}

/** The folder that holds `jars/`: of an unpacked Spark, or of the Python package beside whose command it stands. */
async function homeOf(submit: string, named: string | undefined): Promise<string | undefined> {
  const commands = dirname(await realpath(submit))
  const libraries = join(commands, '../lib')
  const pythons = await readdir(libraries).catch(() => [])
  const packaged = pythons.map((python) => join(libraries, python, 'site-packages/pyspark'))
  for (const home of [...(named ? [named] : []), join(commands, '..'), ...packaged])
    if ((await sparkVersion(home)) !== undefined) return home
  return undefined
}

/** `[4, 3]` of `jars/spark-core_2.13-4.3.0.jar`. */
async function sparkVersion(home: string): Promise<readonly [number, number] | undefined> {
  const names = await readdir(join(home, 'jars')).catch(() => [])
  for (const name of names) {
    const found = /^spark-core_[\d.]+-(\d+)\.(\d+)/.exec(name)
    if (found) return [Number(found[1]), Number(found[2])]
  }
  return undefined
}

/** Spark’s scripts take JAVA_HOME, else the PATH; what `conf/spark-env.sh` sets is not looked into. */
async function requireJava(
  home: string | undefined,
  configuration: string | undefined,
  environment: Environment,
): Promise<void> {
  if (configuration && (await firstReadable([join(configuration, 'spark-env.sh')]))) return
  const { JAVA_HOME, PATH = '' } = environment
  const folders = JAVA_HOME ? [join(JAVA_HOME, 'bin')] : PATH.split(delimiter).filter(Boolean)
  const java = await firstExecutable(folders.map((folder) => join(folder, 'java')))
  const fix = 'Install Java 17 in a step before, or set JAVA_HOME to it.'
  if (java === undefined) {
    const where = JAVA_HOME ? `in JAVA_HOME (${JAVA_HOME})` : 'on the PATH, and JAVA_HOME is not set'
    throw new UserError({ what: `spark-submit needs Java, and there is none ${where}.`, fix })
  }
  const spark = home === undefined ? undefined : await sparkVersion(home)
  const version = await javaVersion(java)
  if (spark === undefined || version === undefined || version >= leastJava(spark[0])) return
  throw new UserError({ what: `Spark ${spark.join('.')} does not run on Java ${version} (${java}).`, fix })
}

/** Spark 4 needs Java 17 (https://spark.apache.org/docs/4.0.0/#downloading), Spark 3 needs Java 8. */
function leastJava(spark: number): number {
  return spark >= 4 ? 17 : 8
}

/** The major version by the file `release`, which every JDK and JRE has at its root; 8 is written 1.8. */
async function javaVersion(java: string): Promise<number | undefined> {
  const release = join(dirname(await realpath(java)), '../release')
  const text = await readFile(release, 'utf8').catch(() => '')
  const [, first, second] = /^JAVA_VERSION="(\d+)(?:\.(\d+))?/m.exec(text) ?? []
  return first === undefined ? undefined : Number(first === '1' ? second : first)
}

async function firstExecutable(paths: readonly string[]): Promise<string | undefined> {
  return first(paths, constants.X_OK)
}

async function firstReadable(paths: readonly string[]): Promise<string | undefined> {
  return first(paths, constants.R_OK)
}

async function first(paths: readonly string[], mode: number): Promise<string | undefined> {
  for (const path of paths)
    if (
      await access(path, mode).then(
        () => true,
        () => false,
      )
    )
      return path
  return undefined
}
