import { UserError } from '@headgate/core'
import { type Client, type Dialect, serverName } from './client.ts'

/** What not every server can do. */
export const abilities = [
  'logged-models',
  'dataset-inputs',
  'artifact-folders',
  'model-tags',
  'version-search',
  'version-tags',
  'aliases',
] as const
export type Ability = (typeof abilities)[number]

const lacking: Readonly<Record<Dialect, readonly Ability[]>> = {
  'mlflow-3': [],
  'mlflow-2': ['logged-models'],
  gitlab: abilities,
}

const words: Readonly<Record<Ability, string>> = {
  'logged-models': 'logged models',
  'dataset-inputs': 'dataset inputs of runs',
  'artifact-folders': 'folders among the artifacts of a run',
  'model-tags': 'tags of registered models',
  'version-search': 'a search for model versions',
  'version-tags': 'tags of model versions after their creation',
  aliases: 'aliases of model versions',
}

export function can({ dialect }: Pick<Client, 'dialect'>, ability: Ability): boolean {
  return !lacking[dialect].includes(ability)
}

/** What a server lacks, as a sentence; `undefined` where it can. */
export function limitation(client: Pick<Client, 'dialect' | 'version'>, ability: Ability): string | undefined {
  if (can(client, ability)) return undefined
  return `${serverName(client)} has no ${words[ability]}.`
}

/** @throws UserError when the server cannot. */
export function demand(client: Pick<Client, 'dialect' | 'version'>, ability: Ability): void {
  const what = limitation(client, ability)
  if (what === undefined) return
  const fix = client.dialect === 'gitlab' ? 'Keep it in Git, or use an MLflow server.' : 'Use MLflow 3.'
  throw new UserError({ what, fix })
}
