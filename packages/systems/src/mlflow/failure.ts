import { OutsideError, UserError } from '@headgate/core'
import { reasonOf } from '../http/reason.ts'
import type { Failed } from './exchange.ts'

/** What was asked of which server, for the words of an error. */
export interface Asked {
  readonly address: string
  /** The server by its name, such as `MLflow 2.22.5`. */
  readonly server: string
  readonly isGitlab: boolean
  readonly method: string
  readonly path: string
  /** Bytes that were to be sent. */
  readonly bytes?: number | undefined
}

/** A failure in words: whose turn it is, and the line that mends it. */
export function wordsOf(failed: Failed, asked: Asked): UserError | OutsideError {
  if (failed.status === undefined) return unanswered(failed, asked)
  const named = errorOf(failed.text)
  if (failed.status === 401 || named?.code === 'UNAUTHENTICATED') return unauthenticated(asked)
  if (failed.status === 403 || named?.code === 'PERMISSION_DENIED') return forbidden(failed, named, asked)
  if (failed.status === 413) return tooLarge(asked)
  if (failed.status >= 300 && failed.status < 400) return redirected(failed, asked)
  if (failed.status === 504 || (failed.status === 502 && named === undefined)) return proxyGaveUp(failed, asked)
  if (failed.status === 429 || failed.status >= 500) return unwell(failed, named, asked)
  if (named?.code !== undefined && named.code !== 'ENDPOINT_NOT_FOUND') return rejected(named, asked)
  return noEndpoint(failed, named, asked)
}

export interface NamedError {
  /** MLflow's `error_code`; `undefined` in errors of GitLab's own. */
  readonly code: string | undefined
  readonly message: string
}

/** What an error's body says of itself; `undefined` when it is not JSON, and so neither MLflow's nor GitLab's. */
export function errorOf(text: string): NamedError | undefined {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value !== 'object' || value === null) return undefined
    const { error_code: code, message, error } = value as Record<string, unknown>
    const said = [message, error].find((part) => part !== undefined && part !== null)
    const words = typeof said === 'string' ? said : said === undefined ? '' : JSON.stringify(said)
    return { code: typeof code === 'string' ? code : undefined, message: words }
  } catch {
    return undefined
  }
}

/** An answer that came with success, and is no answer of MLflow's. */
export function notMlflow(asked: Pick<Asked, 'address'>, found: string): UserError {
  return new UserError({
    what: `${asked.address} is no MLflow server: it answered with ${found}.`,
    fix: 'Set MLFLOW_TRACKING_URI to the address of the server itself, with the path that it is served under, and past any login page.',
  })
}

/** What was answered, as a person would call it. */
export function kindOf(contentType: string, text: string): string {
  if (contentType.includes('html') || /^\s*<(!doctype|html)/i.test(text)) return 'a web page'
  return text.trim() === '' ? 'nothing' : `text (${contentType || 'of no declared type'})`
}

const certificate = /^(CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_(GET|VERIFY)|ERR_TLS_CERT)/

function unanswered({ error, attempts, isEffectUnknown }: Failed, asked: Asked): UserError | OutsideError {
  const code = error?.code ?? ''
  if (certificate.test(code)) {
    const fix = 'Set MLFLOW_TRACKING_SERVER_CERT_PATH to the certificate of the authority that signed it (PEM).'
    return new UserError({
      what: `the certificate of ${asked.address} is not trusted: ${error?.message ?? code}.`,
      fix,
    })
  }
  if (code.startsWith('ERR_SSL')) {
    const fix = 'Begin MLFLOW_TRACKING_URI with http:// if the server speaks no TLS.'
    return new UserError({ what: `${asked.address} does not speak TLS as it should (${code}).`, fix })
  }
  const cut = asked.bytes !== undefined && isEffectUnknown
  const next = cut
    ? `A proxy that limits the size of a request may cut it off so: ${proxyLimit(asked.bytes ?? 0)} Then run it again.`
    : 'Check MLFLOW_TRACKING_URI and that the server runs, then run it again.'
  const state = `The server did not answer: ${reasonOf(error)}.${isEffectUnknown ? ' Whether it took effect is not known.' : ''}`
  return new OutsideError({ tried: triedText(asked, attempts), state, next }, { cause: error })
}

function unauthenticated({ address, isGitlab }: Asked): UserError {
  if (isGitlab)
    return new UserError({
      what: `GitLab at ${address} does not accept the token.`,
      fix: 'Set MLFLOW_TRACKING_TOKEN to a personal, project or group access token with the scope `api` and the role Developer; a job token is not accepted there.',
    })
  return new UserError({
    what: `MLflow at ${address} does not know who asks (401).`,
    fix: 'Set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN, from the CI’s secrets.',
  })
}

function forbidden({ text }: Failed, named: NamedError | undefined, asked: Asked): UserError {
  const host = new URL(asked.address).host
  if (/invalid host header/i.test(text))
    return new UserError({
      what: `MLflow at ${asked.address} refuses its own name: "${host}" is not among the hosts that it answers for (403).`,
      fix: `Start the server with \`--allowed-hosts ${host}\`, or set MLFLOW_SERVER_ALLOWED_HOSTS there.`,
    })
  const said = named?.message ? `: ${brief(named.message)}` : ''
  return new UserError({
    what: `${asked.server} at ${asked.address} does not permit ${asked.method} ${asked.path} (403)${said}.`,
    fix: asked.isGitlab
      ? 'Give the token the scope `api` and the role Developer in this project.'
      : 'Give this user the permission to edit the experiment or the model.',
  })
}

function tooLarge(asked: Asked): UserError {
  return new UserError({
    what: `a proxy before ${asked.address} refused ${asked.path}, which is ${sizeText(asked.bytes ?? 0)}, as too large (413).`,
    fix: proxyLimit(asked.bytes ?? 0),
  })
}

function proxyLimit(bytes: number): string {
  const needed = Math.max(1, Math.ceil(bytes / 2 ** 20))
  return `Raise its limit, in nginx \`client_max_body_size ${needed}m;\` (0 for none), in an ingress the annotation \`nginx.ingress.kubernetes.io/proxy-body-size: ${needed}m\`.`
}

function redirected({ status, location }: Failed, asked: Asked): UserError {
  const target = location === undefined ? undefined : (URL.parse(location, `${asked.address}/`) ?? undefined)
  const isSecured = target?.protocol === 'https:' && target.hostname === new URL(asked.address).hostname
  return new UserError({
    what: `${asked.address} sends on to ${target === undefined ? 'nowhere' : target.origin + target.pathname} (${status}).`,
    fix: isSecured
      ? `Set MLFLOW_TRACKING_URI to ${asked.address.replace(/^http:/, 'https:')}.`
      : 'Set MLFLOW_TRACKING_URI to the address of the server itself, past any login page.',
  })
}

function proxyGaveUp({ status, attempts }: Failed, asked: Asked): OutsideError {
  const size = asked.bytes === undefined ? '' : ` of ${sizeText(asked.bytes)}`
  return new OutsideError({
    tried: triedText(asked, attempts),
    state: `The proxy before the server gave up waiting for it (${status})${size === '' ? '' : `, at a request${size}`}.`,
    next: 'Let it wait longer, in nginx `proxy_read_timeout 600s;` and `proxy_request_buffering off;`, or give MLflow more workers; then run it again.',
  })
}

function unwell(
  { status, attempts, isEffectUnknown }: Failed,
  named: NamedError | undefined,
  asked: Asked,
): OutsideError {
  const said = named?.message ? `: ${brief(named.message)}` : ''
  const effect = isEffectUnknown && asked.method === 'POST' ? ' Whether it took effect is not known.' : ''
  return new OutsideError({
    tried: triedText(asked, attempts),
    state: `It answered ${status}${said}.${effect}`,
    next: 'Look into the server’s log, and run it again when the server is well.',
  })
}

function rejected({ code, message }: NamedError, asked: Asked): UserError {
  const what = `${asked.server} at ${asked.address} refused ${asked.path}: ${brief(message) || code}.`
  return new UserError({ what: what.replace(/\.\.$/, '.') })
}

function noEndpoint({ status, contentType, text }: Failed, named: NamedError | undefined, asked: Asked): UserError {
  if (asked.isGitlab)
    return new UserError({
      what: `GitLab at ${asked.address} answered ${asked.path} with ${status}${named?.message ? `: ${brief(named.message)}` : ''}.`,
      fix: 'Set MLFLOW_TRACKING_URI to <GitLab>/api/v4/projects/<project id>/ml/mlflow, and let the token see that project.',
    })
  if (named === undefined && asked.server === 'MLflow')
    return notMlflow(asked, `${status} and ${kindOf(contentType, text)}`)
  return new UserError({
    what: `${asked.server} at ${asked.address} has no ${asked.path} (${status}).`,
    fix: 'Use a newer MLflow server.',
  })
}

function triedText({ method, path, address }: Asked, attempts: number): string {
  const times = attempts === 1 ? 'once' : attempts === 2 ? 'twice' : `${attempts} times`
  return `${method} ${path} was sent to ${address} ${times}.`
}

const keptLength = 300

/** A server's message on one line, cut: MLflow puts SQL and whole requests into some. */
function brief(message: string): string {
  const line = (message.split('\n')[0] ?? '').trim().replace(/\.$/, '')
  return line.length > keptLength ? `${line.slice(0, keptLength)}…` : line
}

function sizeText(bytes: number): string {
  return bytes < 2 ** 20
    ? `${bytes.toLocaleString('en-US')} bytes`
    : `${(bytes / 2 ** 20).toLocaleString('en-US', { maximumFractionDigits: 1 })} MiB`
}
