import { createHash, createHmac } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

export interface Keys {
  readonly id: string
  readonly secret: string
  readonly region: string
}

/**
 * Why a request is not signed by these keys, in S3's words; `undefined` when it is. After "Signature Version 4 signing
 * process" in Amazon's reference, with the payload left unsigned.
 */
export function unsigned(request: IncomingMessage, { id, secret, region }: Keys): string | undefined {
  const found = /^AWS4-HMAC-SHA256 Credential=([^,]+), SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$/.exec(
    request.headers.authorization ?? '',
  )
  if (found === null) return 'AccessDenied'
  const [, credential = '', names = '', signature] = found
  const time = String(request.headers['x-amz-date'])
  const scope = `${time.slice(0, 8)}/${region}/s3/aws4_request`
  if (credential !== `${id}/${scope}`) return 'InvalidAccessKeyId'
  if (!names.split(';').includes('host')) return 'AccessDenied'
  const [path = '', query = ''] = (request.url ?? '').split('?')
  const headers = names.split(';').map((name) => `${name}:${String(request.headers[name]).trim()}\n`)
  const canonical = [
    request.method,
    path,
    query.split('&').sort().join('&'),
    headers.join(''),
    names,
    request.headers['x-amz-content-sha256'],
  ].join('\n')
  const text = ['AWS4-HMAC-SHA256', time, scope, createHash('sha256').update(canonical).digest('hex')].join('\n')
  const sign = (key: string | Buffer, part: string): Buffer => createHmac('sha256', key).update(part).digest()
  const key = [region, 's3', 'aws4_request'].reduce(sign, sign(`AWS4${secret}`, time.slice(0, 8)))
  return sign(key, text).toString('hex') === signature ? undefined : 'SignatureDoesNotMatch'
}
