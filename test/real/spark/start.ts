import { execFile } from 'node:child_process'
import { globSync, mkdirSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { bringPython } from '../../../scripts/python.ts'
import { bringDebian } from '../debian.ts'
import type { Missing } from '../describe-system.ts'
import { makeStateFolder } from '../folders.ts'
import { answers, freePorts, type Server, serverEnvironment, startServer } from '../server.ts'

const run = promisify(execFile)

interface SparkClient {
  /** Holds `spark-submit`, and `python` with pyspark. */
  readonly commands: string
  readonly home: string
  /** What a client on this machine needs: loopback only, this Python, this Spark. */
  readonly environment: Readonly<Record<string, string>>
  /** Its home. */
  readonly folder: string
}

export interface Spark extends SparkClient {
  /** `spark://…`, for `spark-submit --master`. */
  readonly master: string
  /** Of the REST server: `/v1/submissions/create|status|kill`. */
  readonly rest: string
  /** The master’s page, which tells as JSON what runs. */
  readonly page: string
  readonly masterServer: Server
  readonly workerServer: Server
  stop(): Promise<void>
}

/** Brings Spark into `.tools/spark`, and Java. */
export async function prepare(): Promise<Missing> {
  const hasJava = await run('java', ['-version']).then(
    () => true,
    () => false,
  )
  const missing = hasJava ? undefined : await bringDebian('openjdk-17-jre-headless')
  if (missing === undefined) await bringSpark()
  return missing
}

function bringSpark(): Promise<string> {
  return bringPython({ name: 'spark', lock: join(import.meta.dirname, 'requirements.lock') })
}

/** What a client needs that has no servers. */
async function clientOf(folder: string): Promise<SparkClient> {
  const commands = await bringSpark()
  const [home = ''] = globSync(join(commands, '../lib/python3.*/site-packages/pyspark'))
  return { commands, home, environment: clientEnvironment(folder, commands, home), folder }
}

interface Plan extends SparkClient {
  readonly master: string
  readonly masterPage: string
  readonly ports: readonly number[]
}

/**
 * Java compiles quickly rather than well: these programs live for seconds, and most of their time went into compiling.
 */
const javaOptions = '-XX:TieredStopAtLevel=1 -XX:+UseSerialGC'

/** Starts a master with its REST server, and a worker of two cores and 2 GB. */
export async function start(): Promise<Spark> {
  const folder = makeStateFolder('spark')
  const client = await clientOf(folder)
  const ports = await freePorts(5)
  const [port, rest, masterPage] = ports
  const master = `spark://127.0.0.1:${port}`
  const page = `http://127.0.0.1:${masterPage}/json/`
  const plan = { ...client, master, masterPage: page, ports }
  const servers: Server[] = []
  const stop = async (): Promise<void> => {
    for (const server of servers.toReversed()) await server.stop()
    await rm(folder, { recursive: true, force: true })
  }
  try {
    // In this order: a worker that finds no master tries again after many seconds only.
    const masterServer = await startMaster(plan)
    servers.push(masterServer)
    const workerServer = await startWorker(plan)
    servers.push(workerServer)
    return { ...client, master, rest: `http://127.0.0.1:${rest}`, page, masterServer, workerServer, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

function startMaster({ folder, home, environment, masterPage, ports }: Plan): Promise<Server> {
  const [port, rest, page] = ports
  const options = {
    'master.rest.enabled': true,
    'master.rest.host': '127.0.0.1',
    'master.rest.port': rest,
    // Without it, a master that was started anew has its workers end what they run.
    'deploy.recoveryMode': 'FILESYSTEM',
    'deploy.recoveryDirectory': join(folder, 'recovery'),
  }
  const settings = Object.entries(options).map(([name, value]) => `-Dspark.${name}=${value}`)
  const flags = ['--host', '127.0.0.1', '--port', `${port}`, '--webui-port', `${page}`]
  return startServer({
    name: 'spark-master',
    argv: [join(home, 'bin/spark-class'), 'org.apache.spark.deploy.master.Master', ...flags],
    folder,
    environment: { ...environment, SPARK_MASTER_OPTS: settings.join(' ') },
    isReady: () => answers(masterPage),
  })
}

function startWorker({ folder, home, environment, master, masterPage, ports }: Plan): Promise<Server> {
  const [, , , page, port] = ports
  const flags = ['--host', '127.0.0.1', '--port', `${port}`, '--webui-port', `${page}`]
  const resources = ['--cores', '2', '--memory', '2g', '--work-dir', join(folder, 'work')]
  return startServer({
    name: 'spark-worker',
    argv: [join(home, 'bin/spark-class'), 'org.apache.spark.deploy.worker.Worker', ...flags, ...resources, master],
    folder,
    environment,
    isReady: async () => {
      const answer = await fetch(masterPage, { signal: AbortSignal.timeout(5000) })
      return ((await answer.json()) as { aliveworkers: number }).aliveworkers === 1
    },
  })
}

function clientEnvironment(folder: string, commands: string, home: string): Record<string, string> {
  const configuration = join(folder, 'conf')
  mkdirSync(configuration, { recursive: true })
  const java = ['driver', 'executor'].map((part) => `spark.${part}.extraJavaOptions ${javaOptions}`)
  const defaults = [...java, 'spark.ui.enabled false', 'spark.cores.max 1']
  writeFileSync(join(configuration, 'spark-defaults.conf'), `${defaults.join('\n')}\n`)
  return serverEnvironment(folder, {
    PATH: `${commands}:${process.env.PATH}`,
    SPARK_HOME: home,
    SPARK_LOCAL_IP: '127.0.0.1',
    SPARK_LOCAL_DIRS: join(folder, 'local'),
    PYSPARK_PYTHON: join(commands, 'python'),
    SPARK_CONF_DIR: configuration,
    SPARK_SUBMIT_OPTS: javaOptions,
    SPARK_DAEMON_JAVA_OPTS: javaOptions,
    SPARK_LAUNCHER_OPTS: javaOptions,
  })
}
