import { Agent, type Dispatcher, EnvHttpProxyAgent } from 'undici'

/** How TLS is spoken, in Node’s own words. */
export interface Tls {
  readonly rejectUnauthorized?: boolean
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
}

/** Opens connections, through the proxies that these variables name. */
export function dispatcherOf(tls: Tls, variables: Readonly<Record<string, string | undefined>>): Dispatcher {
  const proxies = {
    httpProxy: variables.http_proxy || variables.HTTP_PROXY,
    httpsProxy: variables.https_proxy || variables.HTTPS_PROXY,
    noProxy: variables.no_proxy || variables.NO_PROXY,
  }
  if (!proxies.httpProxy && !proxies.httpsProxy) return new Agent({ connect: tls })
  const named = Object.entries(proxies).filter(([, value]) => value)
  return new EnvHttpProxyAgent({ connect: tls, requestTls: tls, ...Object.fromEntries(named) })
}
