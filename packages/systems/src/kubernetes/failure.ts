import { messageOf, OutsideError, UserError } from '@headgate/core'
import { ApiException } from '@kubernetes/client-node'
import { z } from 'zod'
import type { Connection } from './connection.ts'

/** An answer of the API server that is an error. */
export interface Refused {
  /** The HTTP status. */
  readonly code: number
  /** The API’s own word, such as `AlreadyExists`. */
  readonly reason: string
  readonly message: string
}

const statusSchema = z.object({ reason: z.string().default(''), message: z.string().default('') })

/** What the API server answered; `undefined` where it was not the API server that failed. */
export function refusedOf(error: unknown): Refused | undefined {
  if (!(error instanceof ApiException)) return undefined
  return { code: error.code, ...readStatus(error.body) }
}

/** The body of an error: the API’s, or that of whatever stands before it. */
function readStatus(body: unknown): Omit<Refused, 'code'> {
  const text = typeof body === 'string' ? body : ''
  const parsed = statusSchema.safeParse(text.startsWith('{') ? parse(text) : body)
  return parsed.success ? parsed.data : { reason: '', message: text.replace(/\s+/g, ' ').slice(0, 300) }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Whether the same request may succeed a little later. */
export function isPassing(error: unknown): boolean {
  const refused = refusedOf(error)
  if (refused === undefined) return isNetwork(error)
  return refused.code === 429 || refused.code >= 500
}

/** Its own words come from Node’s sockets, through node-fetch. */
function isNetwork(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  if (lasting.test(messageOf(error))) return false
  return error.name === 'FetchError' || error.name === 'AbortError' || error.name === 'TimeoutError' || 'code' in error
}

/** What no second attempt mends. */
const lasting = /certificate|self.signed|CERT_|ERR_TLS|ERR_SSL|wrong version number/i

/** What a failed request means to whoever runs us. */
export function failureOf(connection: Connection, tried: string, error: unknown): UserError | OutsideError {
  if (error instanceof UserError || error instanceof OutsideError) return error
  const refused = refusedOf(error)
  return refused === undefined ? withoutAnswer(connection, tried, error) : withAnswer(connection, tried, refused)
}

function withAnswer(connection: Connection, tried: string, refused: Refused): UserError | OutsideError {
  const { code, reason, message } = refused
  const said = message || reason || `HTTP ${code}`
  if (code === 429 || code >= 500)
    return new OutsideError({ tried, state: `${connection.address} answered ${code}: ${said}.`, next: later })
  const what = `${tried} The cluster refused it: ${said.replace(/\.$/, '')}.`
  return new UserError({ what, fix: fixOf(connection, refused) })
}

const later = 'Wait until the cluster is well, and run it again: a training that was submitted is found again.'

function fixOf({ context, namespace }: Connection, { code, reason, message }: Refused): string {
  if (code === 401)
    return `The credentials of the context ${context} are not accepted, or have run out: get new ones in a step before.`
  if (/exceeded quota/.test(message))
    return `Ask for less by \`memory\` and \`kubernetes: {resources: …}\`, wait for what runs in ${namespace}, or raise the quota.`
  if (/violates PodSecurity/.test(message)) return 'Set `kubernetes: {restricted: true}`, or use another namespace.'
  if (/namespaces? ".*" not found/.test(message))
    return 'Name a namespace that is there by `kubernetes: {namespace: …}`.'
  if (/serviceaccount|service account/i.test(message) && !/ cannot /.test(message))
    return 'Name a service account of this namespace by `kubernetes: {service-account: …}`.'
  if (/ cannot [a-z, ]+ resource/.test(message))
    return 'Give the account a Role with `create, get, list, patch, delete` on jobs, `get, list, watch` on pods and events, `get` on pods/log, `get, create` on pods/exec, `create, delete` on secrets.'
  if (code === 422 || reason === 'Invalid' || code === 400) return 'Mend the setting of `kubernetes:` that it names.'
  return 'Mend what it says, and run it again.'
}

function withoutAnswer({ address, context }: Connection, tried: string, error: unknown): UserError | OutsideError {
  const said = messageOf(error).split('\n')[0] ?? ''
  if (lasting.test(said))
    return new UserError({
      what: `${tried} The certificate of ${address} is not accepted: ${said}.`,
      fix: `Correct \`certificate-authority-data\` of the cluster of the context ${context}.`,
    })
  if (!isNetwork(error))
    return new UserError({
      what: `${tried} The settings of the context ${context} cannot be used: ${said}.`,
      fix: 'Try `kubectl get jobs` with them in a step before; install what gets their credentials.',
    })
  return new OutsideError({
    tried,
    state: `${address} could not be reached: ${said}.`,
    next: `Make sure that this machine reaches the cluster of the context ${context}, and run it again.`,
  })
}
