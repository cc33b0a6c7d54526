import { posix } from 'node:path'
import type { Problem, Settings, SettingsBlock } from '@headgate/core'
import { UserError } from '@headgate/core'
import { loadSettings, readSettingsFile } from '@headgate/settings'
import type { BaseBranch, OwnPlace, Surroundings } from './branch.ts'

/** A stage's settings at the base branch, or why there are none: that branch has no such file, or no such model. */
export type BaseBlock<S extends SettingsBlock> =
  | { readonly settings: Settings<S> }
  | { readonly settings: undefined; readonly reason: string }

const usualFile = 'headgate.yml'

/**
 * A model's settings as the base branch's settings file has them. Another file that a flag names does not hide the
 * usual one, where that describes the model.
 * @throws UserError when they cannot be understood: then nothing else may hold.
 */
export async function readBlock<S extends SettingsBlock>(
  { ref, read }: Pick<BaseBranch, 'ref' | 'read'>,
  block: S,
  own: OwnPlace,
  { variables: environment, workspace }: Surroundings,
): Promise<BaseBlock<S>> {
  const reasons: string[] = []
  for (const config of new Set([posix.normalize(own.config), usualFile])) {
    const text = await read(config)
    if (text === undefined) reasons.push(`${ref} has no ${config}.`)
    else if (!(await atBase(ref, () => describes(text, config, own.model))))
      reasons.push(`${config} of ${ref} does not describe ${own.model}.`)
    else {
      const given: Readonly<Record<string, string>> = { config, model: own.model }
      const source = { input: (name: string) => given[name], read, environment, workspace }
      return { settings: await atBase(ref, () => loadSettings(block, source)) }
    }
  }
  return { settings: undefined, reason: reasons[0] ?? '' }
}

/**
 * Does what reads the base branch's word.
 * @throws UserError whose places name the branch, with the way out that lies there.
 */
export async function atBase<T>(ref: string, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    const first: Problem = {
      what: `what ${ref} says holds here, and it cannot be understood.`,
      fix: `Mend it on ${ref} first: nothing else may decide about this change.`,
    }
    const told = error.problems.map((one) => ({ ...one, where: one.where && placedAt(ref, one.where) }))
    throw new UserError([first, ...told], { cause: error })
  }
}

function placedAt<P extends { readonly file: string }>(ref: string, place: P): P {
  return { ...place, file: `${ref}:${place.file}` }
}

function describes(text: string, config: string, model: string): boolean {
  const { value } = readSettingsFile(text, config)
  const models = typeof value === 'object' && value !== null && 'models' in value ? value.models : undefined
  return typeof models === 'object' && models !== null && Object.hasOwn(models, model)
}
