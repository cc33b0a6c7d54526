import { execFile } from 'node:child_process'
import { globSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { bringPython } from '../../../scripts/python.ts'
import { bringDebian } from '../debian.ts'
import type { Missing } from '../describe-system.ts'
import { makeStateFolder } from '../folders.ts'
import { answers, freePorts, type Server, serverEnvironment, startServer } from '../server.ts'

const run = promisify(execFile)

export interface Spark {
  /** `spark://…`, for `spark-submit --master`. */
  readonly master: string
  /** Of the REST server: `/v1/submissions/create|status|kill`. */
  readonly rest: string
  /** Holds `spark-submit`, and `python` with pyspark. */
  readonly commands: string
  readonly home: string
  /** What a client on this machine needs: loopback only, this Python, this Spark. */
  readonly environment: Readonly<Record<string, string>>
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

interface Plan {
  readonly folder: string
  readonly home: string
  readonly environment: Readonly<Record<string, string>>
  readonly master: string
  readonly masterPage: string
  readonly ports: readonly number[]
}

/** Starts a master with its REST server, and a worker of two cores and 2 GB. */
export async function start(): Promise<Spark> {
  const folder = makeStateFolder('spark')
  const commands = await bringSpark()
  const [home = ''] = globSync(join(commands, '../lib/python3.*/site-packages/pyspark'))
  const ports = await freePorts(5)
  const [port, rest, masterPage] = ports
  const master = `spark://127.0.0.1:${port}`
  const environment = clientEnvironment(folder, commands, home)
  const plan = { folder, home, environment, master, masterPage: `http://127.0.0.1:${masterPage}/json/`, ports }
  const servers: Server[] = []
  const stop = async (): Promise<void> => {
    for (const server of servers.toReversed()) await server.stop()
    await rm(folder, { recursive: true, force: true })
  }
  try {
    const masterServer = await startMaster(plan)
    servers.push(masterServer)
    const workerServer = await startWorker(plan)
    servers.push(workerServer)
    return { master, rest: `http://127.0.0.1:${rest}`, commands, home, environment, masterServer, workerServer, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

function startMaster({ folder, home, environment, masterPage, ports }: Plan): Promise<Server> {
  const [port, rest, page] = ports
  const options = { enabled: true, host: '127.0.0.1', port: rest }
  const settings = Object.entries(options).map(([name, value]) => `-Dspark.master.rest.${name}=${value}`)
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
  return serverEnvironment(folder, {
    PATH: `${commands}:${process.env.PATH}`,
    SPARK_HOME: home,
    SPARK_LOCAL_IP: '127.0.0.1',
    SPARK_LOCAL_DIRS: join(folder, 'local'),
    PYSPARK_PYTHON: join(commands, 'python'),
  })
}
