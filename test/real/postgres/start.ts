import { execFile } from 'node:child_process'
import { globSync } from 'node:fs'
import { chmod, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { bringDebian } from '../debian.ts'
import type { Missing } from '../describe-system.ts'
import { makeStateFolder } from '../folders.ts'
import { freePorts, type Server, serverEnvironment, startServer } from '../server.ts'

const run = promisify(execFile)

export interface Postgres {
  readonly host: string
  readonly port: number
  readonly database: string
  /** A superuser, who needs the password also on this machine. */
  readonly user: string
  readonly password: string
  /** All of it as `postgresql://…`. */
  readonly address: string
  readonly server: Server
  /** Runs SQL by psql. @returns rows without a frame, columns separated by `|`. */
  psql(sql: string): Promise<string>
  stop(): Promise<void>
}

/** Brings Debian's PostgreSQL. */
export async function prepare(): Promise<Missing> {
  return bringDebian('postgresql')
}

/** Starts a cluster of its own. PostgreSQL refuses to run as root: then the package's user runs it. */
export async function start(): Promise<Postgres> {
  const folder = makeStateFolder('postgres')
  const commands = newestCommands()
  const asUser = process.getuid?.() === 0 ? ['setpriv', '--reuid=postgres', '--regid=postgres', '--init-groups'] : []
  if (asUser.length > 0) await run('chown', ['postgres:postgres', folder])
  const [port = 0] = await freePorts(1)
  const [user, password] = ['headgate', 'a-password-of-a-test'] as const
  await makeCluster({ folder, asUser, commands, user, password })
  const environment = serverEnvironment(folder, { PGPASSWORD: password })
  const psql = async (sql: string): Promise<string> => {
    const target = ['--host', '127.0.0.1', '--port', `${port}`, '--username', user, '--dbname', 'postgres']
    const form = ['--no-psqlrc', '--tuples-only', '--no-align', '--set', 'ON_ERROR_STOP=1', '--command', sql]
    return (await run(join(commands, 'psql'), [...target, ...form], { env: environment })).stdout.trim()
  }
  const data = join(folder, 'data')
  const flags = ['-D', data, '-h', '127.0.0.1', '-p', `${port}`, '-k', folder, '-c', 'fsync=off']
  const server = await startServer({
    name: 'postgres',
    argv: [...asUser, join(commands, 'postgres'), ...flags],
    folder,
    isReady: async () => (await psql('select 1')) === '1',
  })
  const stop = async (): Promise<void> => {
    await server.stop()
    await rm(folder, { recursive: true, force: true })
  }
  const address = `postgresql://${user}:${password}@127.0.0.1:${port}/postgres`
  return { host: '127.0.0.1', port, database: 'postgres', user, password, address, server, psql, stop }
}

/** Debian keeps each version's programs in a folder of its own, most of them on no PATH. */
function newestCommands(): string {
  const found = globSync('/usr/lib/postgresql/*/bin/postgres')
  const version = (path: string): number => Number(path.split('/')[4])
  const newest = found.sort((a, b) => version(b) - version(a))[0]
  if (newest === undefined) throw new Error('no /usr/lib/postgresql/<version>/bin/postgres')
  return dirname(newest)
}

interface Cluster {
  readonly folder: string
  readonly asUser: readonly string[]
  readonly commands: string
  readonly user: string
  readonly password: string
}

async function makeCluster({ folder, asUser, commands, user, password }: Cluster): Promise<void> {
  const file = join(folder, 'password')
  await writeFile(file, password)
  await chmod(file, 0o644)
  const flags = ['-D', join(folder, 'data'), '--username', user, '--pwfile', file, '--auth', 'scram-sha-256']
  const [command = '', ...words] = [...asUser, join(commands, 'initdb'), ...flags, '--encoding', 'UTF8', '--no-sync']
  await run(command, [...words, '--locale', 'C.UTF-8'], { cwd: folder, env: serverEnvironment(folder) })
}
