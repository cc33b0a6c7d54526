import { readFileSync } from 'node:fs'
import { type Problem, UserError } from '@headgate/core'
import type { Dispatcher } from 'undici'
import { z } from 'zod'
import { dispatcherOf, type Tls } from '../http/dispatcher.ts'

/** How an MLflow server is reached: all that follows from the environment, read once. */
export interface Connection {
  /** The server's address, without user-info and without a slash at its end. */
  readonly address: string
  /** The headers of every request to the server. */
  readonly headers: Readonly<Record<string, string>>
  readonly dispatcher: Dispatcher
  /** For how long an answer may let us wait. */
  readonly timeoutMs: number
  /** How often a request is sent again. */
  readonly retries: number
  /** The variables that let the MLflow of a user's code reach the same server. */
  readonly variables: Readonly<Record<string, string>>
  /** Which of `variables` are secrets. */
  readonly secretNames: readonly string[]
}

type Variables = Readonly<Record<string, string | undefined>>

const text = z.string().optional()
const natural = z.string().regex(/^\d+$/, 'expected a whole number').transform(Number).optional()
const flag = z
  .string()
  .toLowerCase()
  .pipe(z.enum(['true', '1', 'false', '0'], 'expected true or false'))
  .transform((value) => value === 'true' || value === '1')
  .optional()

/** MLflow's own variables, by its own names. */
const variablesSchema = z.object({
  MLFLOW_TRACKING_URI: text,
  MLFLOW_TRACKING_USERNAME: text,
  MLFLOW_TRACKING_PASSWORD: text,
  MLFLOW_TRACKING_TOKEN: text,
  MLFLOW_TRACKING_INSECURE_TLS: flag,
  MLFLOW_TRACKING_SERVER_CERT_PATH: text,
  MLFLOW_TRACKING_CLIENT_CERT_PATH: text,
  MLFLOW_HTTP_REQUEST_TIMEOUT: natural,
  MLFLOW_HTTP_REQUEST_MAX_RETRIES: natural,
  MLFLOW_WORKSPACE: text,
})
type Read = z.output<typeof variablesSchema>

const secretNames = ['MLFLOW_TRACKING_PASSWORD', 'MLFLOW_TRACKING_TOKEN']
const defaultTimeoutMs = 120_000
const defaultRetries = 4

/** Whether these variables name an MLflow server. An empty variable is an absent one, as CIs leave missing secrets. */
export function isConfigured(variables: Variables): boolean {
  return Boolean(variables.MLFLOW_TRACKING_URI)
}

/**
 * Reads MLflow's variables. Of user name and token, the user name wins, as in MLflow's own client.
 * @throws UserError with every mistake: no address, one that is not `http(s)://`, an unreadable certificate.
 */
export function readConnection(variables: Variables): Connection {
  const present = Object.entries(variables).filter(([, value]) => value !== undefined && value !== '')
  const parsed = variablesSchema.safeParse(Object.fromEntries(present))
  const problems: Problem[] = parsed.success
    ? []
    : parsed.error.issues.map(({ path, message }) => ({ what: `${path.join('.')}: ${message}.` }))
  const read: Read = parsed.success ? parsed.data : {}
  const url = readAddress(parsed.success ? read.MLFLOW_TRACKING_URI : variables.MLFLOW_TRACKING_URI, problems)
  const tls = readTls(read, problems)
  if (url === undefined || problems.length > 0) throw new UserError(problems)
  const credentials = credentialsOf(read, url)
  const address = `${url.origin}${url.pathname}`.replace(/\/+$/, '')
  return {
    address,
    headers: headersOf(read, credentials),
    dispatcher: dispatcherOf(tls, variables),
    timeoutMs: (read.MLFLOW_HTTP_REQUEST_TIMEOUT ?? 0) * 1000 || defaultTimeoutMs,
    retries: read.MLFLOW_HTTP_REQUEST_MAX_RETRIES ?? defaultRetries,
    variables: { ...passedOn(present), MLFLOW_TRACKING_URI: address, ...credentials },
    secretNames: secretNames.filter((name) => name in credentials),
  }
}

/** The credentials that these variables hold, to be hidden wherever a command prints. */
export function secretsOf(variables: Variables): string[] {
  const read = readConnection(variables)
  return read.secretNames.flatMap((name) => read.variables[name] || [])
}

function readAddress(given: string | undefined, problems: Problem[]): URL | undefined {
  const fix = 'Set it to the address of the server, such as https://mlflow.example.org.'
  const url = given ? URL.parse(given) : null
  if (url && /^https?:$/.test(url.protocol) && url.search === '' && url.hash === '') return url
  if (!given) problems.push({ what: 'MLFLOW_TRACKING_URI is not set.', fix })
  // Not quoted: what is no address may hold a password in a place where nobody looks for one.
  else if (url?.protocol && !/^https?:$/.test(url.protocol))
    problems.push({
      what: `MLFLOW_TRACKING_URI begins with ${url.protocol}, which is no server that answers HTTP.`,
      fix,
    })
  else problems.push({ what: 'MLFLOW_TRACKING_URI is no address of a server.', fix })
  return undefined
}

type Credentials = Readonly<Record<string, string>>

function credentialsOf(read: Read, url: URL): Credentials {
  const user = read.MLFLOW_TRACKING_USERNAME ?? decodeURIComponent(url.username)
  const password = read.MLFLOW_TRACKING_PASSWORD ?? decodeURIComponent(url.password)
  if (user !== '') return { MLFLOW_TRACKING_USERNAME: user, MLFLOW_TRACKING_PASSWORD: password }
  return read.MLFLOW_TRACKING_TOKEN === undefined ? {} : { MLFLOW_TRACKING_TOKEN: read.MLFLOW_TRACKING_TOKEN }
}

function headersOf(read: Read, credentials: Credentials): Record<string, string> {
  const {
    MLFLOW_TRACKING_USERNAME: user,
    MLFLOW_TRACKING_PASSWORD: password,
    MLFLOW_TRACKING_TOKEN: token,
  } = credentials
  const basic = user === undefined ? undefined : `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
  const authorization = basic ?? (token === undefined ? undefined : `Bearer ${token}`)
  return {
    'user-agent': 'headgate',
    ...(authorization === undefined ? {} : { authorization }),
    ...(read.MLFLOW_WORKSPACE === undefined ? {} : { 'x-mlflow-workspace': read.MLFLOW_WORKSPACE }),
  }
}

function passedOn(present: readonly (readonly [string, string | undefined])[]): Record<string, string> {
  const kept = ['MLFLOW_TRACKING_INSECURE_TLS', 'MLFLOW_WORKSPACE']
  return Object.fromEntries(present.filter(([name]) => kept.includes(name))) as Record<string, string>
}

function readTls(read: Read, problems: Problem[]): Tls {
  const ca = readPem('MLFLOW_TRACKING_SERVER_CERT_PATH', read, problems)
  // As in MLflow, one file holds the client's certificate and its key.
  const client = readPem('MLFLOW_TRACKING_CLIENT_CERT_PATH', read, problems)
  return {
    ...(read.MLFLOW_TRACKING_INSECURE_TLS ? { rejectUnauthorized: false } : {}),
    ...(ca === undefined ? {} : { ca }),
    ...(client === undefined ? {} : { cert: client, key: client }),
  }
}

function readPem(
  name: 'MLFLOW_TRACKING_SERVER_CERT_PATH' | 'MLFLOW_TRACKING_CLIENT_CERT_PATH',
  read: Read,
  problems: Problem[],
): string | undefined {
  const path = read[name]
  if (path === undefined) return undefined
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    problems.push({ what: `${name}: ${(error as Error).message}.`, fix: 'Name a file in PEM format.' })
    return undefined
  }
}
