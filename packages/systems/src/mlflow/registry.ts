import { setTimeout as sleep } from 'node:timers/promises'
import { OutsideError, UserError } from '@headgate/core'
import { z } from 'zod'
import { demand } from './ability.ts'
import { ask, attempt, type Client, findOrMake, noEndpoint, serverName } from './client.ts'
import { findLoggedModel } from './logged-models.ts'
import { findRun } from './runs.ts'
import { integer, keyValues, list, nothing, pairs, quoted, text } from './values.ts'

const registeredModelSchema = z
  .object({
    name: z.string(),
    description: text,
    tags: keyValues,
    aliases: list(z.object({ alias: z.string(), version: z.coerce.string() })),
  })
  .transform((model) => ({
    ...model,
    /** Versions by alias. */
    aliases: Object.fromEntries(model.aliases.map(({ alias, version }) => [alias, version])),
  }))
export type RegisteredModel = z.output<typeof registeredModelSchema>

const versionSchema = z
  .object({
    name: z.string(),
    version: z.coerce.string(),
    creation_timestamp: integer,
    source: text,
    run_id: text,
    run_link: text,
    status: text,
    status_message: text,
    description: text,
    tags: keyValues,
    aliases: list(z.string()),
  })
  .transform((version) => ({
    name: version.name,
    version: version.version,
    /** Milliseconds since the epoch; GitLab says seconds. */
    createdAt: version.creation_timestamp,
    source: version.source,
    runId: version.run_id,
    runLink: version.run_link,
    status: version.status,
    statusMessage: version.status_message,
    description: version.description,
    tags: version.tags,
    /** Left out in the answers of a search. GitLab gives the semantic version here. */
    aliases: version.aliases,
  }))
export type ModelVersion = z.output<typeof versionSchema>

const versionAnswer = z.object({ model_version: versionSchema }).transform((answer) => answer.model_version)

/** The registered model of this name; `undefined` when there is none. */
export async function findRegisteredModel(client: Client, name: string): Promise<RegisteredModel | undefined> {
  const call = { method: 'GET', path: 'mlflow/registered-models/get', query: { name } } as const
  const outcome = await attempt(client, call, z.object({ registered_model: registeredModelSchema }))
  if (outcome.ok) return outcome.value.registered_model
  if (outcome.code === 'RESOURCE_DOES_NOT_EXIST' || (client.dialect === 'gitlab' && outcome.code === noEndpoint))
    return undefined
  throw outcome.error
}

/** Registers a model unless it is there. Safe against others who do it too. */
export async function ensureRegisteredModel(
  client: Client,
  {
    name,
    description,
    tags = {},
  }: { readonly name: string; readonly description?: string; readonly tags?: Readonly<Record<string, string>> },
): Promise<void> {
  refuseName(client, name)
  const body = { name, description, tags: pairs(tags) }
  const call = { method: 'POST', path: 'mlflow/registered-models/create', body } as const
  const outcome = await attempt(client, call, nothing)
  if (!outcome.ok && outcome.code !== 'RESOURCE_ALREADY_EXISTS') throw outcome.error
}

function refuseName(client: Client, name: string): void {
  if (client.dialect === 'gitlab' || (name !== '' && !/[/:]/.test(name))) return
  throw new UserError({
    what: `MLflow takes no registered model named ${JSON.stringify(name)}.`,
    fix: 'Use a name without `/` and `:`.',
  })
}

export interface NewVersion {
  readonly name: string
  /** Where its files are: `runs:/<run>/<path>`, `models:/<logged model>`, or an artifact URI. */
  readonly source: string
  readonly runId?: string | undefined
  /** The logged model (MLflow 3) that `source` names. */
  readonly modelId?: string | undefined
  /** A page about its making, where the run lives on another server. */
  readonly runLink?: string | undefined
  readonly description?: string | undefined
  readonly tags: Readonly<Record<string, string>>
}

const longestWaitMs = 5 * 60_000

/**
 * The version of a registered model that has this value of a tag; made, and waited for, when there is none.
 * @throws UserError when the server refuses it, OutsideError when it does not become ready.
 */
export async function ensureVersion(client: Client, version: NewVersion, tag: string): Promise<ModelVersion> {
  const value = version.tags[tag] ?? ''
  const find = async (): Promise<ModelVersion | undefined> =>
    client.dialect === 'gitlab'
      ? findBySemanticVersion(client, version)
      : (await findVersions(client, version.name, { [tag]: value })).at(-1)
  const made = await findOrMake(find, () => {
    const body = {
      name: version.name,
      source: version.source,
      run_id: version.runId,
      model_id: version.modelId,
      run_link: version.runLink,
      description: version.description,
      tags: pairs(version.tags),
    }
    return attempt(client, { method: 'POST', path: 'mlflow/model-versions/create', body, once: true }, versionAnswer)
  })
  return settled(client, made)
}

/** GitLab has no search; its version is a semantic one, given as a tag and found as if it were an alias. */
async function findBySemanticVersion(client: Client, { name, tags }: NewVersion): Promise<ModelVersion | undefined> {
  const alias = tags['gitlab.version']
  if (alias === undefined) return undefined
  const call = { method: 'GET', path: 'mlflow/registered-models/alias', query: { name, alias } } as const
  const outcome = await attempt(client, call, versionAnswer)
  if (outcome.ok) return outcome.value
  if (outcome.code === 'RESOURCE_DOES_NOT_EXIST' || outcome.code === noEndpoint) return undefined
  throw outcome.error
}

async function settled(client: Client, version: ModelVersion): Promise<ModelVersion> {
  const until = Date.now() + longestWaitMs
  for (let now = version; ; ) {
    if (now.status === 'FAILED_REGISTRATION')
      throw new UserError({
        what: `${serverName(client)} could not register version ${now.version} of ${now.name}: ${now.statusMessage}.`,
      })
    if (now.status !== 'PENDING_REGISTRATION') return now
    if (Date.now() > until)
      throw new OutsideError({
        tried: `Version ${now.version} of ${now.name} was made at ${client.connection.address}.`,
        state: 'It is still not ready.',
        next: 'Look into the server’s log; a second run goes on with the same version.',
      })
    await sleep(1000, undefined, { signal: client.signal }).catch(() => client.signal?.throwIfAborted())
    now = (await findVersion(client, now.name, now.version)) ?? now
  }
}

/** The versions of a model that have all these tags, the latest first; without aliases, which no search tells. */
export async function findVersions(
  client: Client,
  name: string,
  tags: Readonly<Record<string, string>> = {},
): Promise<ModelVersion[]> {
  demand(client, 'version-search')
  const conditions = Object.entries(tags).map(([key, value]) => `tags.\`${key}\` = ${quoted(value)}`)
  const filter = [`name = ${quoted(name)}`, ...conditions].join(' AND ')
  const found: ModelVersion[] = []
  let token: string | undefined
  do {
    const query = { filter, max_results: '200', page_token: token }
    const answer = z.object({ model_versions: list(versionSchema), next_page_token: text })
    const page = await ask(client, { method: 'GET', path: 'mlflow/model-versions/search', query }, answer)
    found.push(...page.model_versions)
    token = page.next_page_token || undefined
  } while (token !== undefined)
  return found.sort((a, b) => Number(b.version) - Number(a.version))
}

/** A version by its number; `undefined` when there is none. */
export async function findVersion(client: Client, name: string, version: string): Promise<ModelVersion | undefined> {
  const call = { method: 'GET', path: 'mlflow/model-versions/get', query: { name, version } } as const
  const outcome = await attempt(client, call, versionAnswer)
  if (outcome.ok) return outcome.value
  if (outcome.code === 'RESOURCE_DOES_NOT_EXIST') return undefined
  throw outcome.error
}

/** The version that an alias names now; `undefined` when there is no such alias, or no such model. */
export async function findByAlias(client: Client, name: string, alias: string): Promise<ModelVersion | undefined> {
  demand(client, 'aliases')
  const call = { method: 'GET', path: 'mlflow/registered-models/alias', query: { name, alias } } as const
  const outcome = await attempt(client, call, versionAnswer)
  if (outcome.ok) return outcome.value
  // An alias that is not there is an invalid parameter there, and for MLflow 2 so is a model.
  const isAbsent = outcome.code === 'INVALID_PARAMETER_VALUE' && /alias .* not found/i.test(outcome.message)
  if (isAbsent || outcome.code === 'RESOURCE_DOES_NOT_EXIST') return undefined
  throw outcome.error
}

/** Lets an alias name this version. MLflow moves it without asking what it named before: look before, and after. */
export async function setAlias(client: Client, name: string, alias: string, version: string): Promise<void> {
  demand(client, 'aliases')
  const problem = aliasProblem(alias)
  if (problem !== undefined)
    throw new UserError({ what: `MLflow takes no alias ${JSON.stringify(alias)}: ${problem}.` })
  const body = { name, alias, version }
  await ask(client, { method: 'POST', path: 'mlflow/registered-models/alias', body }, nothing)
}

/** What MLflow has against an alias; `undefined` when nothing. */
function aliasProblem(alias: string): string | undefined {
  if (/^v\d+$/i.test(alias)) return 'it reads as a version'
  if (alias.toLowerCase() === 'latest') return 'it has that name for the latest version'
  return /^[\w-]{1,255}$/.test(alias) ? undefined : 'it has other characters than letters, digits, `_` and `-`'
}

/** Removes an alias; one that is not there is no error. */
export async function deleteAlias(client: Client, name: string, alias: string): Promise<void> {
  demand(client, 'aliases')
  await ask(client, { method: 'DELETE', path: 'mlflow/registered-models/alias', body: { name, alias } }, nothing)
}

/** Sets a tag of a registered model. */
export async function setModelTag(client: Client, name: string, key: string, value: string): Promise<void> {
  demand(client, 'model-tags')
  await ask(client, { method: 'POST', path: 'mlflow/registered-models/set-tag', body: { name, key, value } }, nothing)
}

/** Sets a tag of a version. */
export async function setVersionTag(
  client: Client,
  name: string,
  version: string,
  key: string,
  value: string,
): Promise<void> {
  demand(client, 'version-tags')
  const body = { name, version, key, value }
  await ask(client, { method: 'POST', path: 'mlflow/model-versions/set-tag', body }, nothing)
}

/** Removes a tag of a version; one that is not there is no error. */
export async function deleteVersionTag(client: Client, name: string, version: string, key: string): Promise<void> {
  demand(client, 'version-tags')
  await ask(
    client,
    { method: 'DELETE', path: 'mlflow/model-versions/delete-tag', body: { name, version, key } },
    nothing,
  )
}

/**
 * Where the files of a version lie, as an artifact URI. The server tells `runs:/…` and `models:/…` sources as they were
 * given, so that they are followed here.
 */
export async function artifactUriOf(client: Client, name: string, version: string): Promise<string> {
  const call = { method: 'GET', path: 'mlflow/model-versions/get-download-uri', query: { name, version } } as const
  const { artifact_uri: uri } = await ask(client, call, z.object({ artifact_uri: text }))
  const [, kind, id = '', path = ''] = /^(runs|models):\/+([^/]+)\/?(.*)$/.exec(uri) ?? []
  if (kind === undefined) return uri
  const root =
    kind === 'runs' ? (await findRun(client, id))?.artifactUri : (await findLoggedModel(client, id))?.artifactUri
  if (root === undefined)
    throw new UserError({
      what: `version ${version} of ${name} was made of ${uri}, which is no longer at ${client.connection.address}.`,
    })
  return path === '' ? root : `${root}/${path}`
}
