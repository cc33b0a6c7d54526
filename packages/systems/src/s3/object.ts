import { UserError } from '@headgate/core'
import { AwsV4Signer } from 'aws4fetch'
import { ask, type Facts, factsOf, isGood, type Patience, type Resource, refusalOf } from '../http/index.ts'
import type { Access } from './access.ts'

/** An object, or with a key that is empty or ends in `/`, all that lies under it. */
export interface Place {
  readonly bucket: string
  readonly key: string
}

/** @throws UserError when it is not `s3://bucket/key`. */
export function parsePlace(location: string): Place {
  const [, bucket, key = ''] = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(.*))?$/s.exec(location) ?? []
  if (bucket !== undefined) return { bucket, key }
  const shown = location.replace(/\/\/[^/@]*@/, '//')
  throw new UserError({ what: `${shown} names no bucket.`, fix: 'Write it as s3://bucket/path/to/data.parquet.' })
}

/** A state of an object. */
export interface ObjectState {
  readonly resource: Resource
  readonly facts: Facts
  /** Where the bucket keeps versions. */
  readonly version: string | undefined
  /** In which the bucket was found to be. */
  readonly access: Access
}

/**
 * Asks for the state of an object, and pins its version where the bucket keeps versions.
 * @throws UserError and OutsideError as `refusalOf`.
 */
export async function lookUpObject(access: Access, place: Place, patience: Patience): Promise<ObjectState> {
  const resource = resourceAt(access, place)
  const answer = await ask(resource, 'HEAD', {}, patience)
  await answer.body.dump().catch(() => undefined)
  const moved = inRegion(access, answer.header('x-amz-bucket-region'))
  if (!isGood(answer) && moved !== undefined) return lookUpObject(moved, place, patience)
  if (!isGood(answer)) throw refusalOf(resource, answer)
  const version = answer.header('x-amz-version-id')
  // A bucket whose versions were switched off says "null".
  const kept = version === undefined || version === 'null' ? undefined : version
  const pinned = kept === undefined ? resource : resourceAt(access, place, { versionId: kept })
  return { resource: pinned, facts: factsOf(answer), version: kept, access }
}

/** The access for another region, where the server names one and it is Amazon's. */
export function inRegion(access: Access, region: string | undefined): Access | undefined {
  const isOther = region !== undefined && /^[a-z0-9-]+$/.test(region) && region !== access.region
  return isOther && access.endpoint === undefined ? { ...access, region } : undefined
}

/** A bucket's object, or with an empty key the bucket itself, asked for with these parameters. */
export function resourceAt(
  access: Access,
  { bucket, key }: Place,
  query: Readonly<Record<string, string>> = {},
): Resource {
  const url = addressOf(access, bucket)
  url.pathname = `${url.pathname.replace(/\/$/, '')}/${key.split('/').map(encodePart).join('/')}`
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value)
  const { credentials, region } = access
  return {
    url,
    name: `s3://${bucket}/${key}`,
    identify:
      credentials &&
      (async (method, to) => {
        const signer = new AwsV4Signer({ ...credentials, url: to.href, method, service: 's3', region })
        return Object.fromEntries((await signer.sign()).headers)
      }),
    accessFix: credentials
      ? `Give the key ${credentials.accessKeyId} the rights to read it (s3:GetObject, s3:ListBucket).`
      : 'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, from the CI’s secrets or by its login to the cloud.',
    followsRedirects: false,
  }
}

/** A bucket whose name has dots is in nobody's certificate. */
function addressOf({ endpoint, region }: Access, bucket: string): URL {
  if (endpoint) return new URL(`${endpoint.href.replace(/\/*$/, '')}/${bucket}`)
  const host = `s3.${region}.amazonaws.com`
  return new URL(bucket.includes('.') ? `https://${host}/${bucket}` : `https://${bucket}.${host}`)
}

/** RFC 3986: the signature is over the path as it is sent. */
function encodePart(part: string): string {
  return encodeURIComponent(part).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
}
