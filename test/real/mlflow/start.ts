import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { bringPython } from '../../../scripts/python.ts'
import type { Missing } from '../describe-system.ts'
import { makeStateFolder } from '../folders.ts'
import { answers, freePorts, type Server, serverEnvironment, startServer } from '../server.ts'

/** The major versions that are there, each in a Python environment of its own. */
export const versions = ['3', '2'] as const
type Version = (typeof versions)[number]

export interface Options {
  readonly version: Version
  /** Ask for the user and password that come back with the address. */
  readonly basicAuth?: boolean
}

export interface Mlflow {
  readonly version: Version
  /** Its tracking URI, without credentials. */
  readonly address: string
  /** With basic authentication only. */
  readonly user?: { readonly name: string; readonly password: string }
  /** Of its Python: `python` here imports the client of the same version. */
  readonly commands: string
  /** For a Python client: the tracking URI, and the credentials where they are asked for. */
  readonly environment: Readonly<Record<string, string>>
  readonly server: Server
  stop(): Promise<void>
}

/** Brings both versions into `.tools/mlflow-3` and `.tools/mlflow-2`. */
export async function prepare(): Promise<Missing> {
  for (const version of versions) await bringMlflow(version)
  return undefined
}

function bringMlflow(version: Version): Promise<string> {
  const lock = join(import.meta.dirname, `requirements-${version}.lock`)
  return bringPython({ name: `mlflow-${version}`, lock })
}

/** Starts a tracking server with its registry, on SQLite, which also serves the artifacts. */
export async function start({ version, basicAuth = false }: Options): Promise<Mlflow> {
  const folder = makeStateFolder(`mlflow-${version}`)
  const commands = await bringMlflow(version)
  const [port] = await freePorts(1)
  const address = `http://127.0.0.1:${port}`
  const user = basicAuth ? { name: 'admin', password: 'a-password-of-a-test' } : undefined
  const flags = [
    ...['--host', '127.0.0.1', '--port', `${port}`, '--workers', '1'],
    ...['--backend-store-uri', `sqlite:///${join(folder, 'mlflow.db')}`],
    ...['--serve-artifacts', '--artifacts-destination', join(folder, 'artifacts')],
    ...(basicAuth ? ['--app-name', 'basic-auth'] : []),
  ]
  const path = { PATH: `${commands}:${process.env.PATH}` }
  const server = await startServer({
    name: `mlflow-${version}`,
    argv: [join(commands, 'mlflow'), 'server', ...flags],
    folder,
    environment: {
      ...path,
      // Its jobs are fifteen more processes, some of which outlive it.
      MLFLOW_SERVER_ENABLE_JOB_EXECUTION: 'false',
      MLFLOW_DISABLE_TELEMETRY: 'true',
      ...(user ? await authSettings(folder, user.password) : {}),
    },
    isReady: () => answers(`${address}/health`),
  })
  const credentials = user ? { MLFLOW_TRACKING_USERNAME: user.name, MLFLOW_TRACKING_PASSWORD: user.password } : {}
  const client = { ...path, MLFLOW_TRACKING_URI: address, MLFLOW_DISABLE_TELEMETRY: 'true', ...credentials }
  return {
    version,
    address,
    ...(user ? { user } : {}),
    commands,
    environment: serverEnvironment(folder, client),
    server,
    stop: async () => {
      await server.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** Written out whole: version 3 has no password unless told, version 2 the one that everybody knows. */
async function authSettings(folder: string, password: string): Promise<Record<string, string>> {
  const file = join(folder, 'basic_auth.ini')
  const lines = [
    '[mlflow]',
    'default_permission = READ',
    `database_uri = sqlite:///${join(folder, 'basic_auth.db')}`,
    'admin_username = admin',
    `admin_password = ${password}`,
    'authorization_function = mlflow.server.auth:authenticate_request_basic_auth',
  ]
  await writeFile(file, `${lines.join('\n')}\n`, { mode: 0o600 })
  return { MLFLOW_AUTH_CONFIG_PATH: file, MLFLOW_FLASK_SERVER_SECRET_KEY: 'a-key-of-a-test' }
}
