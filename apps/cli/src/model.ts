import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { UserError } from '@headgate/core'
import { readModel } from '@headgate/settings'
import type { Flag } from './flags.ts'

/** The flags by which a command that is no stage finds its model. */
export const modelFlags: readonly Flag[] = [
  { name: 'config', type: 'string', description: 'The settings file. Default: headgate.yml.' },
  { name: 'model', type: 'string', description: 'Which model of headgate.yml this is. Default: the only one there.' },
]

export interface ModelPlace {
  readonly model: string
  readonly workspace: string
  /** The model's settings as they stand in headgate.yml, by their kebab-case keys. */
  readonly settings: ReadonlyMap<string, unknown>
}

/** Finds the model that a command speaks of. */
export async function modelSettings(
  values: ReadonlyMap<string, string>,
  stage = 'register-model',
): Promise<ModelPlace> {
  const workspace = process.cwd()
  const read = (path: string): Promise<string | undefined> =>
    readFile(resolve(workspace, path), 'utf8').catch(() => undefined)
  const config = values.get('config') ?? 'headgate.yml'
  const found = await readModel(config, values.get('model'), stage, read)
  if (found && found.problems.length > 0) throw new UserError(found.problems)
  const model = found?.name ?? values.get('model')
  if (model === undefined)
    throw new UserError({ what: `there is no ${config} here.`, fix: 'Say which model with --model.' })
  const settings = [...(found?.values ?? [])].map(([key, placed]) => [key, placed.value] as const)
  return { model, workspace, settings: new Map(settings) }
}
