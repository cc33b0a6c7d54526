import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { OutsideError, UserError } from '@headgate/core'
import { startWeb, type WebTwin } from '@headgate/testkit'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { download, look, resourceOf, withoutSecrets } from './index.ts'

const content = randomBytes(300_000)
const sha256 = `sha256:${createHash('sha256').update(content).digest('hex')}`
const patience = { signal: new AbortController().signal, firstDelayMs: 1 }
let web: WebTwin

beforeEach(async () => {
  web = await startWeb()
  web.files.set('/data.bin', { content })
})
afterEach(() => web.close())

async function fetchIt(onBytes: (bytes: number) => void = () => {}) {
  const resource = resourceOf(`${web.origin}/data.bin`)
  const facts = await look(resource, patience)
  const to = join(await mkdtemp(join(tmpdir(), 'http-')), 'data.bin')
  return { ...(await download(resource, to, { ...patience, facts, onBytes })), to }
}

test('a file comes whole, and its digest is of what is on disk', async () => {
  const { digest, bytes, to } = await fetchIt()
  expect([digest, bytes]).toEqual([sha256, content.length])
  expect(content.equals(await readFile(to))).toBe(true)
})

test('a cut connection is taken up where it broke, under the same ETag', async () => {
  web.faults = [{ method: 'GET', cutAfter: 100_000, times: 2 }]
  let counted = 0
  const { digest } = await fetchIt((bytes) => {
    counted += bytes
  })
  expect(digest).toBe(sha256)
  expect(counted).toBe(content.length)
  const gets = web.calls.filter(({ method }) => method === 'GET')
  expect(gets.map(({ headers }) => headers.range === undefined)).toEqual([true, false, false])
  expect(new Set(gets.map(({ headers }) => headers['if-match'])).size).toBe(1)
})

test.each([
  ['tells no ETag', { etag: null }, true],
  ['tells a weak ETag', { etag: 'W/"1"' }, true],
  ['knows no ranges', {}, false],
])('where the server %s, a cut download begins anew', async (_, file, knowsRanges) => {
  web.files.set('/data.bin', { content, ...file })
  web.knowsRanges = knowsRanges
  web.faults = [{ method: 'GET', cutAfter: 100_000, times: 1 }]
  let counted = 0
  const { digest } = await fetchIt((bytes) => {
    counted += bytes
  })
  expect([digest, counted]).toEqual([sha256, content.length])
})

test('a connection that is cut for ever is told with how much came', async () => {
  web.faults = [{ method: 'GET', cutAfter: 0 }]
  await expect(fetchIt()).rejects.toThrow(/0 of 300,000 bytes came: the connection was closed on the way/)
})

test('a server that knows no ETag and cuts every answer is not asked for ever', async () => {
  web.files.set('/data.bin', { content, etag: null })
  web.faults = [{ method: 'GET', cutAfter: 60_000 }]
  await expect(fetchIt()).rejects.toThrow(/of 300,000 bytes came/)
  expect(web.calls.length).toBeLessThan(12)
})

test('what changed between HEAD and GET is not taken', async () => {
  const other = randomBytes(300_000)
  web.faults = [{ method: 'GET', meanwhile: () => web.files.set('/data.bin', { content: other }) }]
  const error = await fetchIt().catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(OutsideError)
  expect((error as Error).message).toContain('no longer what its server said')
})

test('what changed while it came is not put together with what came before', async () => {
  web.files.set('/data.bin', { content, etag: 'W/"1"' })
  web.faults = [
    { method: 'GET', cutAfter: 100_000, times: 1 },
    {
      method: 'GET',
      meanwhile: () => web.files.set('/data.bin', { content: randomBytes(300_000), etag: 'W/"2"' }),
      times: 1,
    },
  ]
  await expect(fetchIt()).rejects.toThrow('no longer what its server said')
})

test('what no ETag tells apart is never put together, though its length is the same', async () => {
  const other = randomBytes(300_000)
  web.files.set('/data.bin', { content, etag: null })
  web.faults = [
    { method: 'GET', cutAfter: 100_000, times: 1 },
    { method: 'GET', meanwhile: () => web.files.set('/data.bin', { content: other, etag: null }), times: 1 },
  ]
  expect((await fetchIt()).digest).toBe(`sha256:${createHash('sha256').update(other).digest('hex')}`)
})

test('another part than was asked for is not taken for it', async () => {
  web.faults = [
    { method: 'GET', cutAfter: 100_000, times: 1 },
    { method: 'GET', headers: { 'content-range': 'bytes 50000-299999/300000' }, times: 1 },
  ]
  expect((await fetchIt()).digest).toBe(sha256)
  web.faults = [
    { method: 'GET', cutAfter: 100_000, times: 1 },
    { method: 'GET', headers: { 'content-range': 'bytes 50000-299999/300000' } },
  ]
  await expect(fetchIt()).rejects.toThrow('another part than was asked for')
})

test('a length other than the one that was told is not taken', async () => {
  web.files.set('/data.bin', { content, etag: null })
  web.faults = [{ method: 'HEAD', length: 299_999, times: 1 }]
  await expect(fetchIt()).rejects.toThrow('no longer what its server said')
})

test('a server that is busy is asked again; one that stays so is told', async () => {
  web.faults = [{ status: 503, times: 3 }]
  expect((await fetchIt()).digest).toBe(sha256)
  web.faults = [{ status: 503 }]
  await expect(fetchIt()).rejects.toThrow(OutsideError)
})

test.each([
  [403, 'may not be read (403)'],
  [404, 'there is nothing at'],
])('status %i is the user’s to mend, and is asked for once by each method', async (status, said) => {
  web.faults = [{ status }]
  const error = await fetchIt().catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(UserError)
  expect((error as Error).message).toContain(said)
  expect(web.calls.length).toBe(status === 403 ? 2 : 1)
})

test('an address that was signed for GET only is looked at by its first byte', async () => {
  web.faults = [{ method: 'HEAD', status: 403 }]
  const facts = await look(resourceOf(`${web.origin}/data.bin?X-Amz-Signature=s3cr3t`), patience)
  expect(facts.bytes).toBe(300_000)
})

test('credentials go to their own server only, whatever it sends on to', async () => {
  const other = await startWeb()
  try {
    other.files.set('/data.bin', { content })
    const location = `${other.origin}/data.bin`
    web.faults = [{ status: 302, headers: { location } }]
    const facts = await look(resourceOf(web.origin.replace('//', '//ada:s3cr3t@').concat('/data.bin')), patience)
    expect(facts.bytes).toBe(300_000)
    const basic = `Basic ${Buffer.from('ada:s3cr3t').toString('base64')}`
    expect(web.calls.map(({ headers }) => headers.authorization)).toEqual([basic])
    expect(other.calls.map(({ headers }) => headers.authorization)).toEqual([undefined])
  } finally {
    await other.close()
  }
})

test('a server that sends on for ever is told', async () => {
  web.faults = [{ status: 302, headers: { location: '/data.bin' } }]
  await expect(look(resourceOf(`${web.origin}/data.bin`), patience)).rejects.toThrow('sends on more than 10 times')
})

test('nobody’s answer is told with the address, without what is secret in it', async () => {
  const gone = await startWeb()
  await gone.close()
  const location = `${gone.origin.replace('//', '//ada:s3cr3t@')}/x?sig=h1dd3n`
  const error = await look(resourceOf(location), patience).catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(OutsideError)
  expect((error as Error).message).toContain(`${gone.origin}/x`)
  expect((error as Error).message).not.toMatch(/s3cr3t|h1dd3n/)
})

test('a download that is cancelled ends with the reason', async () => {
  const controller = new AbortController()
  const resource = resourceOf(`${web.origin}/data.bin`)
  const to = join(await mkdtemp(join(tmpdir(), 'http-')), 'data.bin')
  const onBytes = (): void => controller.abort(new Error('cancelled'))
  const how = { signal: controller.signal, firstDelayMs: 1, facts: { bytes: undefined, etag: undefined }, onBytes }
  await expect(download(resource, to, how)).rejects.toThrow('cancelled')
})

test.each([
  ['https://ada:pw@host/a.csv?sig=x#y', 'https://host/a.csv'],
  ['https://host/a%20b.csv', 'https://host/a%20b.csv'],
])('%s is shown as %s', (location, shown) => {
  expect(withoutSecrets(location)).toBe(shown)
})
