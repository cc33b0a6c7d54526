import { randomBytes } from 'node:crypto'
import { messageOf, OutsideError } from '@headgate/core'
import {
  type Container,
  createContainer,
  type Docker,
  type Image,
  inspectContainer,
  removeContainer,
  renameContainer,
  startContainer,
} from '@headgate/systems/docker'
import type { Executor, Spec } from '../port.ts'
import { prepareContainer, type Surroundings } from './creation.ts'
import { runIdOf } from './labels.ts'
import { placeTraining } from './placement.ts'
import { lacksShell } from './shell.ts'
import { stateOf } from './status.ts'

const tries = 5

/**
 * The container is made and filled under a name of its own, and gets the training’s name when it only has to be
 * started: of two that submit at once one gets the name, and whoever finds a container that waits may start it.
 */
export async function submitJob(given: Surroundings, spec: Spec, image: Image): ReturnType<Executor['submit']> {
  const { docker, engine } = given
  let hasShell = true
  for (let attempt = 0; attempt < tries; attempt += 1) {
    const there = await inspectContainer(docker, spec.name)
    if (there && isOfUse(there)) {
      if (stateOf(there.state) === 'waiting') await begin(docker, there.id)
      return { job: { id: there.id, engine: engine.id }, runId: runIdOf(there), isNew: false }
    }
    if (there) await removeContainer(docker, there.id)
    const id = await prepare(given, spec, image, hasShell)
    if (!(await named(docker, id, spec.name))) continue
    const isStarted = await begin(docker, id).then(
      () => true,
      (error: unknown) => {
        if (!hasShell || !lacksShell(error)) throw error
        hasShell = false
        return false
      },
    )
    if (isStarted) return { job: { id, engine: engine.id }, runId: spec.runId, isNew: true }
  }
  throw new OutsideError({
    tried: `The container ${spec.name} was made ${tries} times.`,
    state: 'Each time somebody else had taken its name, and their training had failed.',
    next: 'Wait for the other jobs that train this model, and run it again.',
  })
}

/** Gives the container its name; one that comes too late is removed. */
async function named(docker: Docker, id: string, name: string): Promise<boolean> {
  const isFree = await renameContainer(docker, id, name).catch(async (error: unknown) => {
    await removeContainer(docker, id).catch(() => undefined)
    throw error
  })
  if (!isFree) await removeContainer(docker, id)
  return isFree
}

/** A container that cannot be started is not left behind. */
async function begin(docker: Docker, id: string): Promise<void> {
  try {
    await startContainer(docker, id)
  } catch (error) {
    await removeContainer(docker, id).catch(() => undefined)
    throw error
  }
}

function isOfUse({ state }: Container): boolean {
  return stateOf(state) !== 'failed'
}

async function prepare(given: Surroundings, spec: Spec, image: Image, hasShell: boolean): Promise<string> {
  const isCopied = spec.labels.isDetached || (given.engine.mayBeElsewhere && !(await seesOurFiles(given, spec, image)))
  const placement = await placeTraining(spec, { isCopied, isWritable: given.settings.writable })
  return prepareContainer(given, spec, image.id, placement, { name: temporaryName(spec), hasShell })
}

function temporaryName({ name }: Spec): string {
  return `${name}-${randomBytes(6).toString('hex')}`
}

/** Whether the engine has the folder of this run: nobody else has one of this name. */
async function seesOurFiles({ docker }: Surroundings, spec: Spec, image: Image): Promise<boolean> {
  const mounts = [{ source: spec.output, target: '/probe', isReadOnly: true }]
  const rest = { argv: ['probe'], folder: '/', variables: {}, variablesFile: undefined, labels: {}, flags: [] }
  try {
    const id = await createContainer(docker, { name: temporaryName(spec), image: image.id, mounts, ...rest })
    await removeContainer(docker, id)
    return true
  } catch (error) {
    if (/does not exist|no such file/i.test(messageOf(error))) return false
    throw error
  }
}
