import { resolve } from 'node:path'
import { registeredName, UserError } from '@headgate/core'
import { readText } from '@headgate/files'
import { readModel } from '@headgate/settings'
import type { Flag } from './flags.ts'

/** The flags by which a command that is no stage finds its model. */
export const modelFlags: readonly Flag[] = [
  { name: 'config', type: 'string', description: 'The settings file. Default: headgate.yml.' },
  { name: 'model', type: 'string', description: 'Which model of headgate.yml this is. Default: the only one there.' },
]

/** Under which name to look, where that is not what headgate.yml says. */
export const nameFlag: Flag = {
  name: 'name',
  type: 'string',
  description: 'The model’s name in registry and ledger. Default: as headgate.yml says, else the model.',
}

export interface ModelPlace {
  readonly model: string
  /** Under which registry and ledger know it. */
  readonly name: string
  readonly workspace: string
  /** The model's settings as they stand in headgate.yml, by their kebab-case keys. */
  readonly settings: ReadonlyMap<string, unknown>
}

/** The registry that the settings name. */
export function registryOf(settings: ModelPlace['settings']): string {
  return String(settings.get('registry') ?? 'git')
}

/** Finds the model that a command speaks of. */
export async function modelSettings(
  values: ReadonlyMap<string, string>,
  stage = 'register-model',
): Promise<ModelPlace> {
  const workspace = process.cwd()
  const read = (path: string) => readText(resolve(workspace, path))
  const config = values.get('config') ?? 'headgate.yml'
  const found = await readModel(config, values.get('model'), stage, read)
  if (found && found.problems.length > 0) throw new UserError(found.problems)
  const model = found?.name ?? values.get('model')
  if (model === undefined)
    throw new UserError({ what: `there is no ${config} here.`, fix: 'Say which model with --model.' })
  const settings = [...(found?.values ?? [])].map(([key, placed]) => [key, placed.value] as const)
  const bySettings = new Map(settings)
  const said = values.get('name') ?? bySettings.get('name')
  const name = registeredName({ name: said === undefined ? undefined : String(said), model })
  return { model, name, workspace, settings: bySettings }
}
