import { messageOf, UserError } from '@headgate/core'
import { type ReadFile, readSettingsFile } from '@headgate/settings'
import type { BaseBranch } from './branch.ts'

/** A stage's settings at the base branch, or why there are none. */
export type BaseBlock<T> = { readonly settings: T } | { readonly settings: undefined; readonly reason: string }

/**
 * A model's settings as the base branch's settings file has them.
 * @param load reads them there, without what this run's flags or its own file say
 */
export async function readBaseBlock<T>(
  { ref, read }: BaseBranch,
  { config, model }: { readonly config: string; readonly model: string },
  load: (read: ReadFile) => Promise<T>,
): Promise<BaseBlock<T>> {
  const text = await read(config)
  if (text === undefined) return { settings: undefined, reason: `${ref} has no ${config}.` }
  try {
    if (!describes(readSettingsFile(text, config).value, model))
      return { settings: undefined, reason: `${config} of ${ref} does not describe ${model}.` }
    return { settings: await load(read) }
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    return { settings: undefined, reason: `${config} of ${ref} cannot be understood: ${messageOf(error)}` }
  }
}

function describes(value: unknown, model: string): boolean {
  const models = typeof value === 'object' && value !== null && 'models' in value ? value.models : undefined
  return typeof models === 'object' && models !== null && model in models
}
