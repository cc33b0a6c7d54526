import { UserError } from '@headgate/core'
import { runProcess } from '../process/run.ts'
import { failureOf } from './failure.ts'

/** A container engine, reached by its command line. */
export interface Docker {
  /** By what its command says of itself: a `docker` may be Podman’s. */
  readonly kind: 'docker' | 'podman'
  /** The command, which is found on the PATH of `environment`. */
  readonly command: string
  /** The whole environment of the command: it says which daemon is asked, and who asks. */
  readonly environment: Readonly<Record<string, string>>
  /** The folder that the command runs in. */
  readonly cwd: string
}

export interface Answer {
  readonly exitCode: number | null
  readonly stdout: readonly string[]
  /** All that it said on its error stream, in lines. */
  readonly stderr: string
}

export interface AskOptions {
  readonly signal?: AbortSignal | undefined
  /** Variables for this one command, which hands them on by name. */
  readonly variables?: Readonly<Record<string, string>> | undefined
  /** Gets each line as it is printed. */
  readonly onLine?: ((line: string) => void) | undefined
}

/** The ways to name an engine’s command; `auto` takes Docker, and Podman where there is no Docker. */
export const dockerCommands = ['auto', 'docker', 'podman'] as const

/**
 * Finds the command.
 * @throws UserError where there is none.
 */
export async function findDocker(
  wanted: (typeof dockerCommands)[number],
  place: Pick<Docker, 'environment' | 'cwd'>,
): Promise<Docker> {
  for (const command of wanted === 'auto' ? ['docker', 'podman'] : [wanted]) {
    const version = await versionOf(command, place)
    if (version !== undefined) return { ...place, command, kind: /podman/i.test(version) ? 'podman' : 'docker' }
  }
  const name = wanted === 'auto' ? 'neither a command docker nor podman' : `no command ${wanted}`
  throw new UserError({
    what: `there is ${name} on the PATH of this job.`,
    fix: 'Install Docker or Podman where this job runs, name the one that is there by `docker: {command: …}`, or use `executor: process`.',
  })
}

/** What the command says of itself; `undefined` where it cannot be started. */
async function versionOf(command: string, place: Pick<Docker, 'environment' | 'cwd'>): Promise<string | undefined> {
  const lines: string[] = []
  const onLine = (stream: string, line: string): void => void (stream === 'stdout' && lines.push(line))
  const result = await runProcess({ argv: [command, '--version'], ...place, onLine }).catch((error: unknown) => {
    if (error instanceof UserError) return undefined
    throw error
  })
  return result?.exitCode === 0 ? lines.join('\n') : undefined
}

/** Runs the command and leaves it to the caller to judge the exit code. No shell is involved. */
export async function attempt(docker: Docker, words: readonly string[], options: AskOptions = {}): Promise<Answer> {
  const stdout: string[] = []
  const stderr: string[] = []
  const { exitCode } = await runProcess({
    argv: [docker.command, ...words],
    cwd: docker.cwd,
    environment: { ...docker.environment, ...options.variables },
    signal: options.signal,
    onLine: (stream, line) => {
      if (stream === 'stdout') stdout.push(line)
      else stderr.push(line)
      options.onLine?.(line)
    },
  })
  return { exitCode, stdout, stderr: stderr.join('\n') }
}

/**
 * Runs the command, and returns what it printed.
 * @throws UserError or OutsideError, by what it said, where it fails.
 */
export async function ask(docker: Docker, words: readonly string[], options: AskOptions = {}): Promise<string[]> {
  const answer = await attempt(docker, words, options)
  if (answer.exitCode !== 0) throw failureOf(docker, words, answer)
  return [...answer.stdout]
}
