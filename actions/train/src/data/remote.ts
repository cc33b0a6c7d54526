import { join } from 'node:path'
import type { Digest } from '@headgate/core'
import { digestOfTree, UserError } from '@headgate/core'
import { type Facts, look, type Resource, resourceOf, withoutSecrets } from '@headgate/systems/http'
import {
  type Access,
  listObjects,
  lookUpObject,
  type Place,
  parsePlace,
  readAccess,
  resourceAt,
} from '@headgate/systems/s3'
import { isCredential } from './credentials.ts'
import { fetchUnversioned, folderOf } from './downloads.ts'
import type { DataPlace, Part, Source } from './source.ts'

/**
 * What an address of the web names. Its digest is the ETag, which is weak; where the server tells none it is read, and
 * the digest is of its content.
 */
export async function findOnWeb(url: string, place: DataPlace): Promise<Source> {
  if (URL.parse(url) === null)
    throw new UserError({
      what: `\`data\`: ${withoutSecrets(url)} is no address.`,
      fix: 'Write it as https://host/path.',
    })
  refuseCredentials(url, place)
  const resource = resourceOf(url)
  const facts = await look(resource, place)
  const name = withoutSecrets(url)
  const part = partOf(resource, facts, fileName(resource.url.pathname))
  if (facts.etag === undefined) return fetchUnversioned(name, url, part, place)
  return downloaded({ name, url, digest: `etag:${facts.etag}`, isWeak: true, parts: [part] }, place)
}

/**
 * What an address of S3 names: an object, or with a `/` at its end all that lies under it. The digest of an object is
 * its version where the bucket keeps versions, else its ETag; of a prefix, that of its listing.
 */
export async function findInS3(url: string, place: DataPlace): Promise<Source> {
  const access = readAccess(place.variables)
  const named = parsePlace(url)
  if (named.key === '' || named.key.endsWith('/')) return findPrefix(url, named, access, place)
  const { resource, facts, version } = await lookUpObject(access, named, place)
  const part = partOf(resource, facts, fileName(named.key))
  if (version === undefined && facts.etag === undefined) return fetchUnversioned(url, url, part, place)
  const state = version === undefined ? `etag:${facts.etag}` : `s3-version:${version}`
  return downloaded({ name: url, url, digest: state, isWeak: version === undefined, parts: [part] }, place)
}

async function findPrefix(url: string, named: Place, access: Access, place: DataPlace): Promise<Source> {
  const listed = await listObjects(access, named, place)
  if (listed.objects.length === 0)
    throw new UserError({ what: `\`data\`: there is nothing under ${url}.`, fix: 'Check the bucket and the prefix.' })
  const parts = listed.objects.map(({ key, bytes, etag }): Part => {
    const resource = resourceAt(listed.access, { bucket: named.bucket, key })
    return { resource, bytes, etag, name: key.slice(named.key.length) }
  })
  const lines = parts.map(({ name, etag }) => ({ path: name, digest: `etag:${etag}` }))
  return downloaded(
    { name: url, url, digest: `watermark:${digestOfTree(lines)}`, isWeak: true, parts, isFolder: true },
    place,
  )
}

interface Found {
  readonly name: string
  readonly url: string
  readonly digest: Digest
  readonly isWeak: boolean
  readonly parts: readonly Part[]
  readonly isFolder?: boolean
}

/** Where it comes to lie follows from address and state: another state is another file. */
function downloaded({ name, url, digest, isWeak, parts, isFolder }: Found, { downloads }: DataPlace): Source {
  const folder = folderOf(downloads, url, digest)
  const bytes = parts.some((part) => part.bytes === undefined)
    ? undefined
    : parts.reduce((sum, part) => sum + (part.bytes ?? 0), 0)
  return {
    input: { path: name, digest, ...(isWeak ? { weak: true } : {}) },
    path: isFolder ? folder : join(folder, parts[0]?.name ?? ''),
    url,
    absent: { kind: 'download', bytes, parts, folder },
  }
}

function partOf(resource: Resource, { bytes, etag }: Facts, name: string): Part {
  return { resource, bytes, etag, name }
}

/** The last part of a path, as a name of a file here. */
function fileName(path: string): string {
  const last = path.split('/').at(-1) ?? ''
  const name = safeDecode(last).replace(/[/\\]|\p{Cc}/gu, '_')
  return name === '' || name === '.' || name === '..' ? 'data' : name
}

function safeDecode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** What an executor is told stands where others can read it. */
function refuseCredentials(url: string, { executor }: DataPlace): void {
  if (executor.reads !== 'urls') return
  const { username, password, searchParams } = new URL(url)
  const isSecret = [...searchParams.keys()].some(isCredential)
  if (username === '' && password === '' && !isSecret) return
  throw new UserError({
    what: `\`data\`: ${withoutSecrets(url)} is given with credentials, which \`executor: ${executor.name}\` would show in its job.`,
    fix: 'Give the address without them, and the credentials to the code by `env`.',
  })
}
