import type { Resource } from './answer.ts'

/** A URL as documents, logs and digests have it: without user-info, query and fragment, where credentials may stand. */
export function withoutSecrets(location: string): string {
  return location.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/@]*@/i, '$1').replace(/[?#].*$/s, '')
}

/** What is at an address of the web. User-info goes to its own server, as basic authentication. */
export function resourceOf(location: string): Resource {
  const url = new URL(location)
  const { username, password } = url
  url.username = ''
  url.password = ''
  url.hash = ''
  const basic = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString('base64')
  const isNamed = username !== '' || password !== ''
  return {
    url,
    name: withoutSecrets(location),
    identify: isNamed ? async () => ({ authorization: `Basic ${basic}` }) : undefined,
    accessFix: isNamed
      ? 'Check user and password in the address.'
      : 'Give an address that may be read, such as a signed one, from the CI’s secrets: `--data "$DATA_URL"`.',
    followsRedirects: true,
  }
}
