import { z } from 'zod'
import { askedOf, attempt, type Client, noEndpoint } from './client.ts'
import { type Connection, readConnection } from './connection.ts'
import { exchange } from './exchange.ts'
import { kindOf, notMlflow, wordsOf } from './failure.ts'

export interface ConnectOptions {
  readonly signal?: AbortSignal | undefined
  /** How often a request is sent again; by default MLFLOW_HTTP_REQUEST_MAX_RETRIES, else 4 times. */
  readonly retries?: number | undefined
}

/**
 * Connects to the MLflow server that the environment names (`MLFLOW_TRACKING_URI`, `_USERNAME` and `_PASSWORD`,
 * `_TOKEN`, …), and finds out what it is.
 * @throws UserError for settings that are wrong, and for what is no MLflow server; OutsideError when none answers.
 */
export async function connect(
  environment: Readonly<Record<string, string | undefined>>,
  { signal, retries }: ConnectOptions = {},
): Promise<Client> {
  const connection = readConnection(environment)
  const client: Client = {
    connection,
    dialect: 'mlflow-2',
    version: null,
    retries: retries ?? connection.retries,
    signal,
  }
  if (isGitlab(connection)) return { ...client, dialect: 'gitlab' }
  const version = await readVersion(client)
  if (version !== undefined)
    return { ...client, version, dialect: Number.parseInt(version, 10) >= 3 ? 'mlflow-3' : 'mlflow-2' }
  return { ...client, dialect: (await hasLoggedModels(client)) ? 'mlflow-3' : 'mlflow-2' }
}

/** GitLab serves its emulation below a project of its API. */
function isGitlab({ address }: Connection): boolean {
  return /\/api\/v4\/projects\/[^/]+\/ml\/mlflow$/.test(new URL(address).pathname)
}

/** What `GET /version` tells; `undefined` where only the API is served (Azure, Databricks, some proxies). */
async function readVersion(client: Client): Promise<string | undefined> {
  const url = new URL(`${client.connection.address}/version`)
  const given = await exchange(client, { method: 'GET', url })
  if (!('attempts' in given)) {
    const text = await given.body.text()
    if (/^\d+\.\d+[\w.+-]*$/.test(text.trim())) return text.trim()
    throw notMlflow({ address: client.connection.address }, kindOf(given.contentType, text))
  }
  if (given.status === 404 || given.status === 405) return undefined
  throw wordsOf(given, askedOf(client, { method: 'GET', path: '/version' }))
}

/** MLflow 3 says that it has no such logged model, MLflow 2 that it has no such endpoint. */
async function hasLoggedModels(client: Client): Promise<boolean> {
  const probe = { method: 'GET', path: 'mlflow/logged-models/headgate-asks' } as const
  const outcome = await attempt(client, probe, z.unknown())
  if (outcome.ok || outcome.code === 'RESOURCE_DOES_NOT_EXIST') return true
  if (outcome.code !== noEndpoint) throw outcome.error
  const known = await attempt(
    client,
    { method: 'GET', path: 'mlflow/experiments/get', query: { experiment_id: '0' } },
    z.unknown(),
  )
  if (known.ok || known.code === 'RESOURCE_DOES_NOT_EXIST') return false
  throw known.error
}
