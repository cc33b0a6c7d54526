import { OutsideError, UserError } from '@headgate/core'
import type { Answer, Call, Ray } from './client.ts'

type Where = Pick<Ray, 'address'>

/** Why nobody answered. */
export function unreachable({ address }: Where, thrown: unknown): OutsideError {
  const error = thrown as NodeJS.ErrnoException & { errors?: readonly NodeJS.ErrnoException[] }
  const code = error.code ?? error.errors?.[0]?.code ?? ''
  const { state, next } = known(code, address) ?? {
    state: `${error.message || code || 'The connection broke'}.`,
    next: 'Check that the head runs (`ray status` there), and that this machine reaches it.',
  }
  return new OutsideError({ tried: `The Ray head at ${address} was asked.`, state, next }, { cause: thrown })
}

function known(code: string, address: string): { state: string; next: string } | undefined {
  const host = URL.parse(address)?.hostname
  if (code === 'ECONNREFUSED')
    return {
      state: 'Nobody listens there.',
      next: 'Check that the head runs and takes jobs from outside: `ray start --head --dashboard-host=0.0.0.0`, port 8265.',
    }
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return { state: `There is no host ${host}.`, next: 'Correct `ray: address`, or the name server of this machine.' }
  if (/TIMEOUT|EHOSTUNREACH|ENETUNREACH/.test(code))
    return { state: 'It does not answer.', next: 'Check the network between here and the head, and its firewall.' }
  if (/^(ERR_TLS|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_)/.test(code))
    return {
      state: `Its certificate is not trusted here (${code}).`,
      next: 'Name the certificate of its authority by NODE_EXTRA_CA_CERTS.',
    }
  if (/ERR_SSL|EPROTO|HPE_/.test(code))
    return {
      state: `It does not speak this protocol (${code}).`,
      next: 'Choose between http:// and https:// in `ray: address`.',
    }
  return undefined
}

/** What an answer means that is no success. */
export function answerFailure(ray: Where, call: Call, answer: Pick<Answer, 'status' | 'contentType'>, text: string) {
  const { address } = ray
  const { status } = answer
  if (status === 401)
    return new UserError({
      what: `the Ray head at ${address} wants to know who asks (401).`,
      fix: 'Say its token by `ray: {token: ${env:RAY_AUTH_TOKEN}}`, or what stands before it by `ray: {headers}`.',
    })
  if (status === 403)
    return new UserError({
      what: `the Ray head at ${address} does not let this token in (403): ${lastLine(text)}`,
      fix: 'Renew the secret that `ray: {token}` or `ray: {headers}` refers to.',
    })
  if (status === 413)
    return new UserError({
      what: `the Ray head at ${address}, or a proxy before it, takes no package of this size (413).`,
      fix: 'Narrow `code`, or name data by URLs.',
    })
  if (
    /<(!doctype|html)/i.test(text.slice(0, 500)) ||
    (status >= 300 && status < 500 && !asksForPatience.has(status) && status !== 400)
  )
    return status >= 502 ? passing(ray, call, status, text) : notRay(ray, answer.contentType, text, status)
  if (status === 400)
    return new UserError({ what: `Ray refuses the job: ${lastLine(text)}`, fix: 'Correct the block `ray:`.' })
  return passing(ray, call, status, text)
}

const asksForPatience: ReadonlySet<number> = new Set([408, 425, 429])

function passing({ address }: Where, { method, path }: Call, status: number, text: string): OutsideError {
  return new OutsideError({
    tried: `${method} ${path} was sent to the Ray head at ${address}.`,
    state: `It answered ${status}: ${lastLine(text)}`,
    next: 'Look into the head’s logs (`dashboard.log`), and run it again.',
  })
}

/** Somebody answers there, but not Ray. */
export function notRay({ address }: Where, contentType: string, text: string, status = 200): UserError {
  const kind = /html/i.test(contentType) || /^\s*</.test(text) ? 'a web page' : contentType.split(';')[0] || 'nothing'
  return new UserError({
    what: `what answers at ${address} is no Ray head: it sends ${kind}${status === 200 ? '' : ` (${status})`} where Ray answers with JSON.`,
    fix: 'Let `ray: address` name the dashboard of the head, such as http://HOST:8265; behind a proxy that asks for a login, add `ray: {headers}`.',
  })
}

const shownLength = 500

/** Ray answers errors with a Python traceback, whose last line says it. */
export function lastLine(text: string): string {
  const lines = text.trim().split('\n')
  const last = lines.at(-1)?.trim() ?? ''
  const said = last.length > shownLength ? `${last.slice(0, shownLength)}…` : last
  return said === '' ? 'nothing.' : /[.?!]$/.test(said) ? said : `${said}.`
}
