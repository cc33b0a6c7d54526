import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { UserError } from '@headgate/core'
import { z } from 'zod'
import { attempt, type Docker } from './command.ts'
import { failureOf, imageFailure, isUnreachable } from './failure.ts'

/** An image that is there. */
export interface Image {
  /** Its configuration’s digest, by which containers are made of it. */
  readonly id: string
  /** `name@sha256:…` where a registry knows it, else its id: what pins it. */
  readonly digest: string
}

export interface Build {
  /** Absolute path of the folder that is sent to the builder. */
  readonly context: string
  /** Absolute path of the Dockerfile. */
  readonly file: string | undefined
  readonly target: string | undefined
  /** `host` or `none`; else the builder’s own. */
  readonly network: string | undefined
  /** A folder for the file that gets the id. */
  readonly temporary: string
  /** Gets what the builder prints. */
  readonly onLine: (line: string) => void
}

const inspected = z.array(z.object({ Id: z.string(), RepoDigests: z.array(z.string()).nullish() }))

/**
 * The image of this name, pulled where it is not there.
 * @throws UserError for a name that no registry has or lets us read; OutsideError where none answers.
 */
export async function bringImage(docker: Docker, name: string, tell: (message: string) => void): Promise<Image> {
  const there = await inspectImage(docker, name)
  if (there) return there
  tell(`The image ${name} is not here, and is pulled.`)
  const answer = await attempt(docker, ['pull', '--quiet', name])
  if (answer.exitCode !== 0) throw imageFailure(docker, name, answer)
  const pulled = await inspectImage(docker, name)
  if (pulled === undefined) throw imageFailure(docker, name, { ...answer, stderr: 'it was pulled, and is not there.' })
  return pulled
}

/**
 * Builds an image.
 * @throws UserError with the builder’s last lines where the Dockerfile cannot be built.
 */
export async function buildImage(docker: Docker, build: Build): Promise<Image> {
  const folder = await mkdtemp(join(build.temporary, 'build-'))
  const idFile = join(folder, 'id')
  const network = build.network === 'host' || build.network === 'none' ? ['--network', build.network] : []
  const file = build.file === undefined ? [] : ['--file', build.file]
  const target = build.target === undefined ? [] : ['--target', build.target]
  const printed: string[] = []
  const onLine = (line: string): void => {
    printed.push(line)
    build.onLine(line)
  }
  try {
    const words = ['build', '--force-rm', '--iidfile', idFile, ...network, ...file, ...target, build.context]
    const answer = await attempt(docker, words, { onLine })
    if (answer.exitCode !== 0) {
      if (isUnreachable(answer.stderr)) throw failureOf(docker, words, answer)
      const last = printed.filter((line) => line.trim() !== '').slice(-20)
      throw new UserError({
        what: `the image could not be built of ${build.file ?? build.context}. Its last lines:\n${last.join('\n')}`,
        fix: 'Mend the Dockerfile, or what it copies.',
      })
    }
    const id = (await readFile(idFile, 'utf8')).trim()
    return { id, digest: id.startsWith('sha256:') ? id : `sha256:${id}` }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function inspectImage(docker: Docker, name: string): Promise<Image | undefined> {
  const words = ['image', 'inspect', name]
  const { exitCode, stdout, stderr } = await attempt(docker, words)
  if (exitCode !== 0) {
    if (/no such image|no such object|image not known|failed to find image/i.test(stderr)) return undefined
    if (/invalid reference format|repository name .* must be/i.test(stderr))
      throw imageFailure(docker, name, { exitCode, stdout, stderr })
    throw failureOf(docker, words, { exitCode, stdout, stderr })
  }
  const [found] = inspected.parse(JSON.parse(stdout.join('\n')))
  if (found === undefined) return undefined
  const id = found.Id.startsWith('sha256:') ? found.Id : `sha256:${found.Id}`
  return { id, digest: [...(found.RepoDigests ?? [])].sort()[0] ?? id }
}
