import { z } from 'zod'
import { ask, attempt, type Docker } from './command.ts'
import { failureOf } from './failure.ts'

/** A container as the engine tells of it. */
export interface Container {
  readonly id: string
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  /** ISO 8601. */
  readonly createdAt: string
  readonly state: ContainerState
}

interface ContainerState {
  /** `created`, `running`, `paused`, `restarting`, `stopping`, `exited`, `stopped`, `removing`, `dead`. */
  readonly status: string
  readonly exitCode: number
  readonly outOfMemory: boolean
  /** Why it could not be started, in the engine’s words; else empty. */
  readonly error: string
  /** ISO 8601; `undefined` while it has not ended. */
  readonly endedAt: string | undefined
  /** Of its first process, as the engine’s machine counts; 0 when it does not run. */
  readonly pid: number
}

/** A file or folder of the engine’s machine, as a container sees it. */
export interface Mount {
  readonly source: string
  readonly target: string
  readonly isReadOnly: boolean
}

/** A container to make, as data. */
export interface Creation {
  readonly name: string
  /** An image’s id. */
  readonly image: string
  readonly argv: readonly string[]
  readonly folder: string
  /** What its command gets. No value stands on a command line. */
  readonly variables: Readonly<Record<string, string>>
  /** The file that hands over variables which would steer the engine’s command: `NAME=value` a line. */
  readonly variablesFile: string | undefined
  readonly labels: Readonly<Record<string, string>>
  readonly mounts: readonly Mount[]
  /** Further words for `create`. */
  readonly flags: readonly string[]
}

const containerSchema = z.object({
  Id: z.string(),
  Name: z.string(),
  Created: z.string(),
  Config: z.object({ Labels: z.record(z.string(), z.string()).nullish() }),
  State: z.object({
    Status: z.string(),
    ExitCode: z.int(),
    OOMKilled: z.boolean(),
    Error: z.string().nullish(),
    Pid: z.int(),
    FinishedAt: z.string().nullish(),
  }),
})

const gone = /no such (container|object)|no container with name or id/i

/** Makes a container, and starts nothing. @returns its id. */
export async function createContainer(docker: Docker, creation: Creation): Promise<string> {
  const [program = '', ...words] = creation.argv
  const argv = [
    ...['create', '--pull', 'never', '--name', creation.name, '--workdir', creation.folder, '--entrypoint', program],
    ...Object.entries(creation.labels).flatMap(([name, value]) => ['--label', `${name}=${value}`]),
    ...Object.keys(creation.variables).flatMap((name) => ['--env', name]),
    ...(creation.variablesFile === undefined ? [] : ['--env-file', creation.variablesFile]),
    ...creation.mounts.flatMap((mount) => ['--mount', mountText(mount)]),
    ...creation.flags,
    ...[creation.image, ...words],
  ]
  const lines = await ask(docker, argv, { variables: creation.variables })
  return lines.at(-1)?.trim() ?? ''
}

/** `--mount` is a line of CSV. */
function mountText({ source, target, isReadOnly }: Mount): string {
  const fields = ['type=bind', `source=${source}`, `target=${target}`, ...(isReadOnly ? ['readonly'] : [])]
  return fields.map((field) => (/[",\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field)).join(',')
}

/** A container by id or name; `undefined` where there is none. */
export async function inspectContainer(docker: Docker, id: string): Promise<Container | undefined> {
  return (await inspectContainers(docker, [id]))[0]
}

/** The containers with this label, whatever their state. */
export async function listContainers(docker: Docker, label: string): Promise<readonly Container[]> {
  const words = ['ps', '--all', '--no-trunc', '--filter', `label=${label}`, '--format', '{{.ID}}']
  const ids = await ask(docker, words)
  return ids.length === 0 ? [] : inspectContainers(docker, ids)
}

/** One that has been removed meanwhile is left out. */
async function inspectContainers(docker: Docker, ids: readonly string[]): Promise<readonly Container[]> {
  const words = ['container', 'inspect', ...ids]
  const answer = await attempt(docker, words)
  if (answer.exitCode !== 0 && !gone.test(answer.stderr)) throw failureOf(docker, words, answer)
  const text = answer.stdout.join('\n').trim()
  return z
    .array(containerSchema)
    .parse(text === '' ? [] : JSON.parse(text))
    .map(({ Id, Name, Created, Config, State }) => ({
      id: Id,
      name: Name.replace(/^\//, ''),
      labels: Config.Labels ?? {},
      createdAt: new Date(Created).toISOString(),
      state: {
        status: State.Status,
        exitCode: State.ExitCode,
        outOfMemory: State.OOMKilled,
        error: State.Error ?? '',
        pid: State.Pid,
        // The year 1 stands for "not yet".
        endedAt: State.FinishedAt?.startsWith('0001-') ? undefined : (State.FinishedAt ?? undefined),
      },
    }))
}

/** Gives a container a name. @returns whether it was free. */
export async function renameContainer(docker: Docker, id: string, name: string): Promise<boolean> {
  const words = ['rename', id, name]
  const answer = await attempt(docker, words)
  if (answer.exitCode === 0) return true
  if (/already in use|in use by|already exists/i.test(answer.stderr)) return false
  throw failureOf(docker, words, answer)
}

/** Starts a container; one that runs is left alone. */
export async function startContainer(docker: Docker, id: string): Promise<void> {
  await ask(docker, ['start', id])
}

/** Copies a file, or a folder’s content where `from` ends in `/.`, into a container. */
export async function copyInto(docker: Docker, id: string, from: string, to: string): Promise<void> {
  await ask(
    docker,
    ['cp', '--follow-link', from, `${id}:${to}`].filter((word) => keepsWord(docker, word)),
  )
}

/** Podman follows links by itself, and knows no flag for it. */
function keepsWord({ kind }: Docker, word: string): boolean {
  return kind === 'docker' || word !== '--follow-link'
}

/** Copies a folder’s content out of a container, which may have ended. The files are the caller’s. */
export async function copyOut(docker: Docker, id: string, from: string, to: string): Promise<void> {
  await ask(docker, ['cp', `${id}:${from}/.`, to])
}

/** Ends what runs in a container: SIGTERM, and SIGKILL after the grace. One that has ended or is gone is left alone. */
export async function stopContainer(docker: Docker, id: string, graceSeconds: number): Promise<void> {
  const words = ['stop', '--time', String(graceSeconds), id]
  const answer = await attempt(docker, words)
  if (answer.exitCode !== 0 && !gone.test(answer.stderr)) throw failureOf(docker, words, answer)
}

/** Removes a container with all that it has written; what runs in it is ended. */
export async function removeContainer(docker: Docker, id: string): Promise<void> {
  const words = ['rm', '--force', '--volumes', id]
  const answer = await attempt(docker, words)
  const isGone = gone.test(answer.stderr) || /is already in progress/i.test(answer.stderr)
  if (answer.exitCode !== 0 && !isGone) throw failureOf(docker, words, answer)
}

/** The last line of a container’s log; empty where there is none. */
export async function lastLogLine(docker: Docker, id: string): Promise<string> {
  const { stdout, stderr } = await attempt(docker, ['logs', '--tail', '1', id])
  return stdout.at(-1) ?? stderr
}
