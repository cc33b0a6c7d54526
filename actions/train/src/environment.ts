import type { Training } from '@headgate/core'
import { askerIn } from './environment/ask.ts'
import { findInterpreter, isPython } from './environment/interpreter.ts'
import { findLock, freezeWords, readFreeze } from './environment/lock.ts'
import { otherMachine, thisMachine } from './environment/machine.ts'

type Environment = Omit<Training['environment'], 'variables'>

/** Where the command will run. */
export interface TrainingPlace {
  /** Absolute path of the work tree. */
  readonly folder: string
  readonly environment: Readonly<Record<string, string>>
  /** The image, by digest where that is known. */
  readonly image: string | null
  /** Whether the machine that trains is this one. */
  readonly isThisMachine: boolean
  /** Whether the interpreter that trains is one of this machine. */
  readonly isOwnInterpreter: boolean
}

/**
 * What the command will run with: machine, interpreter, and the lock file or, where that leaves versions open, the
 * packages that are installed. In an image they are the image's, which its digest pins; of another machine nothing is
 * known here.
 */
export async function captureEnvironment(command: readonly string[], place: TrainingPlace): Promise<Environment> {
  const { folder, environment, image } = place
  const ask = askerIn(folder, environment)
  const [machine, lock, interpreter] = await Promise.all([
    place.isThisMachine ? thisMachine(ask) : otherMachine,
    findLock(command, folder),
    place.isOwnInterpreter ? findInterpreter(command, { folder, environment, ask }) : undefined,
  ])
  const isOpen = lock === null || !lock.isExact
  const [version, freeze] = await Promise.all([
    interpreter ? ask([...interpreter, '--version']) : null,
    interpreter && isOpen && isPython(interpreter.at(-1) ?? '') ? ask([...interpreter, ...freezeWords]) : null,
  ])
  return {
    ...machine,
    interpreter: version?.split('\n')[0] || null,
    lock: lock && { path: lock.path, digest: lock.digest },
    packages: readFreeze(freeze),
    image,
  }
}
