import { execFile } from 'node:child_process'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { bringPython } from '../../../scripts/python.ts'
import type { Missing } from '../describe-system.ts'
import { makeStateFolder } from '../folders.ts'
import { serverEnvironment } from '../server.ts'

const run = promisify(execFile)

/** DVC has no server: a repository with a remote in a folder. */
export interface Dvc {
  /** Holds `dvc`. */
  readonly commands: string
  readonly environment: Readonly<Record<string, string>>
  /** A Git repository in which DVC is set up; the remote `storage` is its default. */
  readonly repository: string
  /** The remote's folder. */
  readonly remote: string
  /** Runs dvc in the repository. @throws where it fails, with what it said. */
  dvc(...words: string[]): Promise<string>
  stop(): Promise<void>
}

/** Brings DVC into `.tools/dvc`. */
export async function prepare(): Promise<Missing> {
  await bringDvc()
  return undefined
}

function bringDvc(): Promise<string> {
  return bringPython({ name: 'dvc', lock: join(import.meta.dirname, 'requirements.lock') })
}

export async function start(): Promise<Dvc> {
  const folder = makeStateFolder('dvc')
  const commands = await bringDvc()
  const [repository, remote] = [join(folder, 'repository'), join(folder, 'remote')]
  await mkdir(repository)
  const environment = serverEnvironment(folder, {
    PATH: `${commands}:${process.env.PATH}`,
    DVC_NO_ANALYTICS: 'true',
    // Cache and settings of the user who runs the tests stay out of it.
    XDG_CACHE_HOME: join(folder, 'cache'),
    XDG_CONFIG_HOME: join(folder, 'config'),
    GIT_CONFIG_NOSYSTEM: '1',
  })
  const at = { cwd: repository, env: environment }
  const dvc = async (...words: string[]): Promise<string> => (await run(join(commands, 'dvc'), words, at)).stdout
  await run('git', ['init', '--quiet', '--initial-branch=main'], at)
  await dvc('init', '--quiet')
  await dvc('remote', 'add', '--quiet', '--default', 'storage', remote)
  return {
    commands,
    environment,
    repository,
    remote,
    dvc,
    stop: () => rm(folder, { recursive: true, force: true }),
  }
}
