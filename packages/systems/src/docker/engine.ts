import { release } from 'node:os'
import { z } from 'zod'
import { ask, type Docker } from './command.ts'

/** What an engine says of itself, as far as containers must be made for it. */
export interface Engine {
  /** One engine has the same in all jobs; only ever compared. */
  readonly id: string
  /** A person would know the machine by it. */
  readonly name: string
  /** Whether it runs without rights of its own: root in a container is then whoever started it. */
  readonly isRootless: boolean
  /** Whether SELinux would keep containers from reading what is mounted. */
  readonly labelsFiles: boolean
  /** Whether it may be on another machine, or see other files under the same paths. */
  readonly mayBeElsewhere: boolean
  /** Whether containers run on this machine’s own kernel, and not on another machine’s or a virtual one’s. */
  readonly isThisMachine: boolean
}

const dockerSchema = z.object({
  ID: z.string(),
  Name: z.string(),
  KernelVersion: z.string().nullish(),
  SecurityOptions: z.array(z.string()).nullish(),
})
const podmanSchema = z.object({
  host: z.object({
    hostname: z.string(),
    kernel: z.string().nullish(),
    serviceIsRemote: z.boolean(),
    security: z.object({ rootless: z.boolean(), selinuxEnabled: z.boolean() }),
  }),
  store: z.object({ graphRoot: z.string() }),
})

/**
 * Asks the engine who it is.
 * @param isInContainer whether this process runs in a container: its files may then not be the engine’s.
 * @throws OutsideError while it cannot be reached; UserError where it may not be asked.
 */
export async function askEngine(docker: Docker, isInContainer: boolean): Promise<Engine> {
  if (docker.kind === 'podman') return askPodman(docker)
  // Where nobody answers, `info` ends well in some versions; `version` does not.
  await ask(docker, ['version', '--format', '{{.Server.Version}}'])
  const lines = await ask(docker, ['info', '--format', '{{json .}}'])
  const info = dockerSchema.parse(JSON.parse(lines.join('\n')))
  const security = info.SecurityOptions ?? []
  const [host = ''] = await ask(docker, ['context', 'inspect', '--format', '{{.Endpoints.docker.Host}}'])
  return {
    id: info.ID,
    name: info.Name,
    isRootless: security.some((option) => option.startsWith('name=rootless')),
    labelsFiles: security.some((option) => option.startsWith('name=selinux')),
    mayBeElsewhere: isInContainer || !isSocket.test(host),
    isThisMachine: isSocket.test(host) && info.KernelVersion === release(),
  }
}

const isSocket = /^(unix|npipe):/

async function askPodman(docker: Docker): Promise<Engine> {
  const lines = await ask(docker, ['info', '--format', 'json'])
  const { host, store } = podmanSchema.parse(JSON.parse(lines.join('\n')))
  return {
    id: `${host.hostname}:${store.graphRoot}`,
    name: host.hostname,
    isRootless: host.security.rootless,
    labelsFiles: host.security.selinuxEnabled,
    mayBeElsewhere: host.serviceIsRemote,
    isThisMachine: !host.serviceIsRemote && host.kernel === release(),
  }
}
