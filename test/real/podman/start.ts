import { execFile } from 'node:child_process'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { bringDebian } from '../debian.ts'
import type { Missing } from '../describe-system.ts'
import { bringPythonTree, missingPythonTree, pythonImage } from '../docker/images.ts'
import { makeStateFolder } from '../folders.ts'
import { unmountBelow } from '../leftovers.ts'
import { mayRunContainers } from '../outside.ts'
import { serverEnvironment } from '../server.ts'

const run = promisify(execFile)

export interface Podman {
  /** With which the command keeps its images and containers in the run's folder. */
  readonly environment: Readonly<Record<string, string>>
  /** Runs podman. @throws where it fails, with what it said. */
  podman(...words: string[]): Promise<string>
  stop(): Promise<void>
}

/** Brings Debian's Podman, and the file tree of the Python image. */
export async function prepare(): Promise<Missing> {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'it needs Linux and root'
  return (
    (await mayRunContainers()) ?? (await bringDebian('podman', 'runc', 'debootstrap')) ?? (await missingPythonTree())
  )
}

/** Podman has no daemon: this makes a store of its own with the Python image, and no network. */
export async function start(): Promise<Podman> {
  const folder = makeStateFolder('podman')
  const [containers, storage] = [join(folder, 'containers.conf'), join(folder, 'storage.conf')]
  // It would raise limits, which not every root may.
  const limits = 'default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]'
  await writeFile(containers, `[containers]\n${limits}\nnetns = "none"\n\n[engine]\ntmp_dir = "${folder}/tmp"\n`)
  const places = `graphroot = "${folder}/graph"\nrunroot = "${folder}/run"`
  await writeFile(storage, `[storage]\ndriver = "overlay"\n${places}\n`)
  await mkdir(join(folder, 'tmp'))
  const environment = serverEnvironment(folder, { CONTAINERS_CONF: containers, CONTAINERS_STORAGE_CONF: storage })
  const podman = async (...words: string[]): Promise<string> =>
    (await run('podman', words, { env: environment, maxBuffer: 64 * 1024 * 1024 })).stdout.trim()
  const stop = async (): Promise<void> => {
    await podman('rm', '--all', '--force', '--time', '0')
    await unmountBelow(folder)
    await rm(folder, { recursive: true, force: true })
  }
  try {
    await podman('import', '--change', 'CMD ["python3"]', await bringPythonTree(), pythonImage)
  } catch (error) {
    await stop()
    throw error
  }
  return { environment, podman, stop }
}
