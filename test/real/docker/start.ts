import { execFile } from 'node:child_process'
import { mkdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { identifyProcess } from '@headgate/systems'
import { bringDebian } from '../debian.ts'
import type { Missing } from '../describe-system.ts'
import { makeStateFolder } from '../folders.ts'
import { unmountBelow } from '../leftovers.ts'
import { mayRunContainers } from '../outside.ts'
import { type Server, serverEnvironment, startServer } from '../server.ts'
import { bringPythonTree, busyboxImage, missingPythonTree, pythonImage, writeBusyboxTree } from './images.ts'

const run = promisify(execFile)
/** Debian's, which belongs to this daemon and can BuildKit; another may come first on the PATH. */
const command = '/usr/bin/docker'

export interface Docker {
  /** `unix://…`, for `DOCKER_HOST`. */
  readonly address: string
  readonly command: string
  /** With which a client reaches this daemon and no other. */
  readonly environment: Readonly<Record<string, string>>
  readonly daemon: Server
  /** Runs docker. @throws where it fails, with what it said. */
  docker(...words: string[]): Promise<string>
  stop(): Promise<void>
}

/** Brings Debian's Docker, and the file tree of the Python image. */
export async function prepare(): Promise<Missing> {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'dockerd of its own needs Linux and root'
  return (
    (await mayRunContainers()) ??
    (await bringDebian('docker.io', 'runc', 'debootstrap', 'busybox-static')) ??
    (await missingPythonTree())
  )
}

/**
 * Starts a daemon with both images. There is no bridge: containers that need a network get `--network host`, builds too.
 * @param flags what the daemon gets besides, as `--live-restore`.
 */
export async function start(flags: readonly string[] = []): Promise<Docker> {
  const folder = makeStateFolder('docker')
  const address = `unix://${join(folder, 'docker.sock')}`
  const environment = serverEnvironment(folder, { DOCKER_HOST: address })
  const docker = async (...words: string[]): Promise<string> =>
    (await run(command, words, { env: environment, maxBuffer: 64 * 1024 * 1024 })).stdout.trim()
  await mkdir(join(folder, 'data'))
  const daemon = await startServer({
    name: 'dockerd',
    argv: [
      'dockerd',
      ...['-H', address, '--data-root', join(folder, 'data'), '--exec-root', join(folder, 'exec')],
      ...['--pidfile', join(folder, 'dockerd.pid'), '--storage-driver=overlay2', '--shutdown-timeout=5'],
      ...['--iptables=false', '--ip6tables=false', '--bridge=none', ...flags],
    ],
    folder,
    isReady: async () => (await docker('version', '--format', '{{.Server.Version}}')) !== '',
  })
  const stop = async (): Promise<void> => {
    await daemon.stop()
    await unmountBelow(folder)
    await rm(folder, { recursive: true, force: true })
  }
  try {
    const tree = join(folder, 'busybox.tar')
    await writeBusyboxTree(tree)
    await docker('import', '--change', 'CMD ["sh"]', tree, busyboxImage)
    await docker('import', '--change', 'CMD ["python3"]', await bringPythonTree(), pythonImage)
  } catch (error) {
    await stop()
    throw error
  }
  const startAgain = async (): Promise<void> => {
    await forgetContainerd(folder)
    await daemon.start()
  }
  return { address, command, environment, daemon: { ...daemon, start: startAgain }, docker, stop }
}

/**
 * Removes the pid file of a containerd that was killed. Where nothing collects processes whose parent has gone, the
 * daemon takes what is left of it for a containerd that runs, and waits for its answer.
 */
async function forgetContainerd(folder: string): Promise<void> {
  const file = join(folder, 'exec/containerd/containerd.pid')
  const pid = Number(await readFile(file, 'utf8').catch(() => ''))
  if (pid > 0 && (await identifyProcess(pid)) === undefined) await rm(file)
}
