import { createHash } from 'node:crypto'
import { mkdtemp, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { UserError } from '@headgate/core'
import { startWeb, type WebTwin } from '@headgate/testkit'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { download } from '../http/index.ts'
import { listObjects, lookUpObject, parsePlace, readAccess, resourceAt } from './index.ts'

const keys = { id: 'AKIAIOSFODNN7EXAMPLE', secret: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY', region: 'eu-central-1' }
const patience = { signal: new AbortController().signal, firstDelayMs: 1 }
let web: WebTwin

beforeEach(async () => {
  web = await startWeb()
  web.keys = keys
})
afterEach(() => web.close())

function access(more: Record<string, string> = {}) {
  return readAccess({
    AWS_ACCESS_KEY_ID: keys.id,
    AWS_SECRET_ACCESS_KEY: keys.secret,
    AWS_REGION: keys.region,
    AWS_ENDPOINT_URL_S3: web.origin,
    AWS_SESSION_TOKEN: '',
    ...more,
  })
}

test.each(['train.csv', "a b/c+d (1)!*'.csv", 'Zürich/100%.csv'])(
  'the key %s is signed so that a server that computes the signature by itself gives it',
  async (key) => {
    const content = Buffer.from('id\n1\n')
    web.files.set(`/bucket/${key}`, { content, version: 'v7' })
    const found = await lookUpObject(access(), { bucket: 'bucket', key }, patience)
    expect([found.version, found.facts.bytes]).toEqual(['v7', 5])
    const to = join(await mkdtemp(join(tmpdir(), 's3-')), 'x')
    const how = { ...patience, facts: found.facts, onBytes: () => {} }
    const { digest } = await download(found.resource, to, how)
    expect(digest).toBe(`sha256:${createHash('sha256').update(content).digest('hex')}`)
    expect(await readFile(to, 'utf8')).toBe('id\n1\n')
    expect(web.calls.at(-1)?.path).toContain('versionId=v7')
  },
)

test('a bucket whose versions are off has none', async () => {
  web.files.set('/bucket/a', { content: Buffer.from('a'), version: 'null' })
  const found = await lookUpObject(access(), { bucket: 'bucket', key: 'a' }, patience)
  // RFC 1321, A.5: the MD5 of "a".
  expect([found.version, found.facts.etag]).toEqual([undefined, '"0cc175b9c0f1b6a831c399e269772661"'])
})

test('a wrong secret is told with the key that lacks the right, and without the secret', async () => {
  web.files.set('/bucket/a', { content: Buffer.from('a') })
  const wrong = access({ AWS_SECRET_ACCESS_KEY: 'wrong-s3cr3t' })
  const error = await lookUpObject(wrong, { bucket: 'bucket', key: 'a' }, patience).catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(UserError)
  expect((error as Error).message).toMatch(/s3:\/\/bucket\/a may not be read \(403\).*AKIAIOSFODNN7EXAMPLE/)
  expect((error as Error).message).not.toContain('s3cr3t')
})

test('a prefix is listed over all pages, sorted, without what stands for folders', async () => {
  for (const key of ['d/', 'd/b c.csv', 'd/a.csv', 'd/ü+.csv', 'e.csv'])
    web.files.set(`/bucket/${key}`, { content: Buffer.from(key) })
  const { objects } = await listObjects(access(), { bucket: 'bucket', key: 'd/' }, patience)
  expect(objects.map(({ key, bytes }) => [key, bytes])).toEqual([
    ['d/a.csv', 7],
    ['d/b c.csv', 9],
    ['d/ü+.csv', 9],
  ])
  expect(objects[0]?.etag).toBe(`"${createHash('md5').update('d/a.csv').digest('hex')}"`)
})

test('nothing signed is sent on to where an answer points', async () => {
  web.faults = [{ status: 307, headers: { location: `${web.origin}/elsewhere` } }]
  await expect(lookUpObject(access(), { bucket: 'bucket', key: 'a' }, patience)).rejects.toThrow(
    'sends on to elsewhere',
  )
  expect(web.calls.length).toBe(1)
})

test('Amazon’s own addresses follow from bucket and region', () => {
  const { href } = resourceAt(readAccess({ AWS_DEFAULT_REGION: 'eu-west-3' }), {
    bucket: 'my-data',
    key: 'a/b.csv',
  }).url
  expect(href).toBe('https://my-data.s3.eu-west-3.amazonaws.com/a/b.csv')
  const dotted = resourceAt(readAccess({}), { bucket: 'data.example.org', key: 'a' }).url.href
  expect(dotted).toBe('https://s3.us-east-1.amazonaws.com/data.example.org/a')
})

test('half a pair of keys and an endpoint that is none are told together', () => {
  const variables = { AWS_ACCESS_KEY_ID: 'x', AWS_ENDPOINT_URL: 'minio:9000' }
  expect(() => readAccess(variables)).toThrow(/AWS_SECRET_ACCESS_KEY is not set[\s\S]*AWS_ENDPOINT_URL_S3/)
  expect(() => parsePlace('s3://u:pw@B/x')).toThrow(UserError)
})
