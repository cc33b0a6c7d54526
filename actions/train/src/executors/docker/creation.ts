import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { strictJson, UserError } from '@headgate/core'
import { copyInto, createContainer, type Docker, type Engine, removeContainer } from '@headgate/systems/docker'
import { contractVariables } from '../contract.ts'
import type { Spec } from '../port.ts'
import { labelsOf } from './labels.ts'
import { home, type Placement, root, workTree } from './placement.ts'
import type { DockerSettings } from './settings.ts'
import { inShell } from './shell.ts'

/** What a container is made with, besides the training. */
export interface Surroundings {
  readonly docker: Docker
  readonly engine: Engine
  readonly settings: DockerSettings
  /** A folder that goes with the job. */
  readonly temporary: string
}

/** Makes a container that only has to be started, under a name that is nobody’s. @returns its id. */
export async function prepareContainer(
  given: Surroundings,
  spec: Spec,
  image: string,
  placement: Placement,
  { name, hasShell }: { readonly name: string; readonly hasShell: boolean },
): Promise<string> {
  const folder = await mkdtemp(join(given.temporary, 'container-'))
  try {
    const { handedOver, file } = await variablesOf(given, spec, placement, folder)
    const id = await createContainer(given.docker, {
      name,
      image,
      argv: hasShell ? inShell(spec.argv) : spec.argv,
      folder: workTree,
      variables: handedOver,
      variablesFile: file,
      labels: labelsOf(spec, hasShell),
      mounts: [...placement.mounts, ...ownMounts(given.settings)],
      flags: flagsOf(given, spec),
    })
    await fill(given.docker, id, spec, placement, join(folder, 'root')).catch(async (error: unknown) => {
      await removeContainer(given.docker, id)
      throw error
    })
    return id
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function ownMounts({ mounts }: DockerSettings) {
  return Object.entries(mounts).map(([source, target]) => ({ source, target, isReadOnly: true }))
}

/** Its folders are writable for whoever the command is in the container. */
async function fill(docker: Docker, id: string, spec: Spec, placement: Placement, folder: string): Promise<void> {
  await mkdir(folder)
  for (const name of placement.folders) {
    await mkdir(join(folder, name), { recursive: true })
    await chmod(join(folder, name), 0o777)
  }
  await writeFile(join(folder, 'params.json'), strictJson(spec.params), { mode: 0o644 })
  await copyInto(docker, id, `${folder}/.`, root)
  for (const { from, to } of placement.copies) await copyInto(docker, id, from, to)
}

interface HandedOver {
  readonly handedOver: Record<string, string>
  readonly file: string | undefined
}

/** Variables that would steer the engine’s own command, such as PATH, go by a file instead of its environment. */
async function variablesOf(given: Surroundings, spec: Spec, placement: Placement, folder: string): Promise<HandedOver> {
  const own = isNamedUser(given.settings) ? {} : { HOME: home, USER: 'headgate', LOGNAME: 'headgate' }
  const all = Object.entries({ ...own, ...spec.variables, ...contractVariables(spec, placement.places) })
  const steers = ([name]: [string, string]): boolean => steering.test(name) || name in given.docker.environment
  const filed = all.filter(steers)
  const broken = filed.filter(([, value]) => value.includes('\n')).map(([name]) => name)
  if (broken.length > 0)
    throw new UserError({
      what: `\`env\`: ${broken.join(', ')} may not have more than one line for \`executor: docker\`.`,
      fix: 'Choose another name, which means nothing to the engine’s command.',
    })
  const handedOver = Object.fromEntries(all.filter((variable) => !steers(variable)))
  if (filed.length === 0) return { handedOver, file: undefined }
  const file = join(folder, 'variables')
  await writeFile(file, filed.map(([name, value]) => `${name}=${value}\n`).join(''), { mode: 0o600 })
  return { handedOver, file }
}

const steering =
  /^(PATH|HOME|USER|LOGNAME|TMPDIR|LD_.*|GO.*|SSL_.*|SSH_.*|XDG_.*|(DOCKER|BUILDKIT|BUILDX|CONTAINERS?|PODMAN|STORAGE)_.*|.*_PROXY)$/i

function isNamedUser({ user }: DockerSettings): boolean {
  return user !== undefined && !/^\d+(:\d+)?$/.test(user)
}

function flagsOf({ docker, engine, settings }: Surroundings, { memoryBytes }: Spec): string[] {
  const isDocker = docker.kind === 'docker'
  return [
    // Whatever the daemon’s default: a log that can be read again, whole.
    ...(isDocker ? ['--log-driver', 'json-file', '--log-opt', 'max-size=1000g'] : ['--log-driver', 'k8s-file']),
    ...(memoryBytes === undefined ? [] : ['--memory', String(memoryBytes), '--memory-swap', String(memoryBytes)]),
    ...(settings.network === undefined ? [] : ['--network', settings.network]),
    ...['--shm-size', String(settings.sharedMemory)],
    ...(engine.labelsFiles ? ['--security-opt', 'label=disable'] : []),
    ...userFlags(docker, engine, settings),
    ...gpuFlags(docker, settings),
  ]
}

/** By default the command is who we are, and can read what we can. */
function userFlags({ kind }: Docker, { isRootless }: Engine, { user }: DockerSettings): string[] {
  if (user === 'image') return []
  if (user !== undefined) return ['--user', user]
  const [uid, gid] = [process.getuid?.(), process.getgid?.()]
  if (uid === undefined) return []
  if (!isRootless) return ['--user', `${uid}:${gid}`]
  return kind === 'podman' ? ['--userns', 'keep-id', '--user', `${uid}:${gid}`] : ['--user', '0:0']
}

function gpuFlags({ kind }: Docker, { gpus }: DockerSettings): string[] {
  if (gpus === undefined) return []
  if (kind === 'docker') return ['--gpus', Array.isArray(gpus) ? `"device=${gpus.join(',')}"` : String(gpus)]
  const ids = typeof gpus === 'number' ? Array.from({ length: gpus }, (_, index) => String(index)) : [gpus].flat()
  return ids.flatMap((id) => ['--device', `nvidia.com/gpu=${id}`])
}
