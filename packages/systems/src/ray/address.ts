import { UserError } from '@headgate/core'

const example = 'http://127.0.0.1:8265'
/** Where Ray’s own clients connect; jobs are submitted to the dashboard. */
const clientPorts: ReadonlySet<string> = new Set(['6379', '10001'])

/**
 * Reads where a Ray head takes jobs: the address of its dashboard.
 * @param key the setting that names it, for messages.
 * @returns the address, without a slash at its end.
 * @throws UserError for what is no `http(s)://` address, or holds a password.
 */
export function readRayAddress(key: string, given: string): string {
  const url = URL.parse(given.trim())
  if (url?.protocol === 'ray:')
    throw new UserError({
      what: `\`${key}\` begins with ray://, by which Ray’s Python client connects; jobs are submitted over HTTP.`,
      fix: `Name the dashboard of the same head instead: http://${url.hostname || 'HOST'}:8265.`,
    })
  const fix = `Write it as http://HOST:8265, the address of the head’s dashboard.`
  // Not quoted: what is no address may hold a password in a place where nobody looks for one.
  if (url === null || !/^https?:$/.test(url.protocol))
    throw new UserError({ what: `\`${key}\` is no http:// or https:// address.`, fix })
  if (url.username !== '' || url.password !== '')
    throw new UserError({
      what: `\`${key}\` holds a user or password.`,
      fix: 'Say it by `ray: {headers: {Authorization: "Basic ${env:NAME}"}}` instead, or a token by `ray: {token}`.',
    })
  if (url.search !== '' || url.hash !== '') throw new UserError({ what: `\`${key}\` has more than an address.`, fix })
  if (clientPorts.has(url.port))
    throw new UserError({
      what: `\`${key}\` names port ${url.port}, where Ray’s own protocol is spoken.`,
      fix: `Name the dashboard of the same head, whose port is 8265 by default, such as ${example}.`,
    })
  return `${url.origin}${url.pathname}`.replace(/\/+$/, '')
}
