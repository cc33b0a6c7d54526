import type { IncomingMessage } from 'node:http'
import { get as getPlain } from 'node:http'
import { get, type RequestOptions } from 'node:https'
import { text } from 'node:stream/consumers'
import { ApiException } from '@kubernetes/client-node'
import type { Cluster } from './client.ts'

/** A silence of this length is taken for a lost connection: whoever reads asks again. */
const longestSilenceMs = 5 * 60_000

/**
 * Opens an answer that comes bit by bit.
 * @throws ApiException for an answer that is an error; a socket’s error where none comes.
 */
export async function openStream(
  { config, address }: Cluster,
  path: string,
  query: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const url = new URL(`${address.replace(/\/$/, '')}${path}?${new URLSearchParams(query)}`)
  const options: RequestOptions = { signal }
  await config.applyToHTTPSOptions(options)
  const open = url.protocol === 'http:' ? getPlain : get
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const request = open(url, { ...options, signal }, resolve)
    request.once('socket', (socket) => socket.setKeepAlive(true, 30_000))
    request.setTimeout(longestSilenceMs, () => request.destroy(new Error('nothing came for 5 minutes')))
    request.once('error', reject)
  })
  if (answer.statusCode === 200) return answer
  throw new ApiException(answer.statusCode ?? 0, '', await text(answer), {})
}
