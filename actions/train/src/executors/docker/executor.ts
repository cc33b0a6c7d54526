import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { UserError } from '@headgate/core'
import {
  askEngine,
  type Container,
  copyOut,
  type Docker,
  findDocker,
  type Image,
  inspectContainer,
  lastLogLine,
  listContainers,
  removeContainer,
  stopContainer,
} from '@headgate/systems/docker'
import { identityIn } from '../labels.ts'
import type { Executor, Job, JobStatus } from '../port.ts'
import { isOver } from '../watch.ts'
import type { Surroundings } from './creation.ts'
import { followJob } from './follow.ts'
import { bringOrBuild } from './image.ts'
import { listedJob, modelLabel } from './labels.ts'
import { output } from './placement.ts'
import type { DockerSettings } from './settings.ts'
import { afterShell, mayBeShells } from './shell.ts'
import { lost, statusOf } from './status.ts'
import { submitJob } from './submission.ts'

export interface DockerOptions {
  readonly settings: DockerSettings
  /** Absolute path of the work tree. */
  readonly workspace: string
  /** Absolute path of a folder that goes with the job. */
  readonly temporary: string
  /** The environment of the engine’s command. */
  readonly environment: Readonly<Record<string, string>>
  /** Says what takes long. */
  readonly tell: (message: string) => void
  /** Gets what a build prints. */
  readonly onBuildLine: (line: string) => void
}

/** Runs the command in a container of Docker or Podman, which goes on without us. */
export async function dockerExecutor(options: DockerOptions): Promise<Executor> {
  await mkdir(options.temporary, { recursive: true })
  const place = { environment: options.environment, cwd: options.workspace }
  const docker = await findDocker(options.settings.command, place)
  const engine = await askEngine(docker, isInContainer())
  const { settings, temporary } = options
  const given: Surroundings = { docker, engine, settings, temporary }
  // Peak memory by container, as far as it was seen while following.
  const peaks = new Map<string, number>()
  let brought: Promise<Image> | undefined
  const image = (): Promise<Image> => {
    brought ??= bringOrBuild(docker, options)
    return brought
  }
  return {
    name: 'docker',
    isLasting: true,
    reads: 'files',
    machine: { isThis: engine.isThisMachine, size: sizeOf(settings) },
    image: async () => (await image()).digest,
    submit: async (spec) => submitJob(given, spec, await image()),
    identify: async (job) => identityIn((await inspectContainer(docker, idOf(job)))?.labels),
    status: (job) => look(given, peaks, job),
    follow: (job, seen, onLine, signal) => followJob(docker, idOf(job), { seen, onLine, signal, peaks }),
    cancel: (job) => stopContainer(docker, idOf(job), graceSeconds),
    collect: async (job, into) => {
      await mkdir(into, { recursive: true })
      await copyOut(docker, idOf(job), output, into)
    },
    release: (job) => removeContainer(docker, idOf(job)),
    list: async (model) =>
      (await listContainers(docker, modelLabel(model))).map((container) => listedJob(container, engine.id)),
  }
}

/** Stays, with what follows, within what CI runners leave a cancelled job. */
const graceSeconds = 4

function idOf(job: Job): string {
  return String(job.id)
}

function sizeOf({ gpus }: DockerSettings): string | null {
  if (gpus === undefined) return null
  if (typeof gpus === 'number') return `${gpus} ${gpus === 1 ? 'GPU' : 'GPUs'}`
  return gpus === 'all' ? 'all GPUs' : `GPUs ${gpus.join(', ')}`
}

function isInContainer(): boolean {
  return existsSync('/.dockerenv') || existsSync('/run/.containerenv')
}

/** @throws UserError for a container that another engine may have. */
async function look(
  { docker, engine }: Surroundings,
  peaks: ReadonlyMap<string, number>,
  job: Job,
): Promise<JobStatus> {
  const container = await inspectContainer(docker, idOf(job))
  if (container) {
    const status = await told(docker, container)
    return isOver(status)
      ? { ...status, peakMemoryBytes: peaks.get(container.id) ?? null, endedAt: container.state.endedAt }
      : status
  }
  if (job.engine === engine.id) return lost
  throw new UserError({
    what: `the training was submitted to another engine (${job.engine}); ${engine.name} has no such container.`,
    fix: 'Attach on the machine that submitted it, or set DOCKER_HOST to its daemon.',
  })
}

/** A shell that could not start the command says so in the log only. */
async function told(docker: Docker, { id, state }: Container): Promise<JobStatus> {
  const status = statusOf(state)
  return mayBeShells(status) ? afterShell(status, await lastLogLine(docker, id)) : status
}
