// Where a forge is: Enterprise Server's addresses, and a proxy in between.
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type ForgeTwin, misfits, startForge } from '@headgate/testkit'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Forge, forgeFor } from './index.ts'

let twin: ForgeTwin

beforeEach(async () => {
  twin = await startForge()
})
afterEach(async () => {
  await twin.close()
  expect(misfits(twin.calls)).toEqual([])
})

const open = (apiUrl: string): Promise<Forge> =>
  forgeFor({ kind: 'github', apiUrl, serverUrl: twin.url, repository: 'o/r', token: 'secret' }, { delays: [1, 1] })

/** A comment, and an asset there and back. */
async function useSome(forge: Forge): Promise<void> {
  expect((await forge.upsertComment(7, '<!-- m -->', 'one')).action).toBe('created')
  expect((await forge.upsertComment(7, '<!-- m -->', 'one')).action).toBe('unchanged')
  const folder = await mkdtemp(join(tmpdir(), 'forges-'))
  await writeFile(join(folder, 'model'), 'weights')
  const release = await forge.createRelease({ tag: 't', title: 't', body: '', draft: false })
  const asset = await forge.uploadAsset(release, 'model', join(folder, 'model'), 7)
  await forge.downloadAsset(release, asset, join(folder, 'copy'))
  expect(await readFile(join(folder, 'copy'), 'utf8')).toBe('weights')
}

test.each(['/api/v3', '/api/v3/'])(
  'Enterprise Server is asked below %s, for uploads and GraphQL beside it',
  async (tail) => {
    await useSome(await open(twin.url + tail))
    const asked = twin.calls
      .filter(({ api }) => api !== 'links')
      .map(({ url }) => url.pathname.split('/').slice(0, 3).join('/'))
    expect([...new Set(asked)].toSorted()).toEqual(['/api/graphql', '/api/uploads', '/api/v3'])
  },
)

/** An HTTP proxy that leads every name to the twin's servers, by their ports. */
async function startProxy(): Promise<{ url: string; hosts: string[]; server: Server }> {
  const hosts: string[] = []
  const server = createServer((_request, response) => response.writeHead(501).end())
  server.on('connect', (request, socket, head) => {
    hosts.push(request.url ?? '')
    const through = connect(Number(request.url?.split(':')[1]), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
      through.write(head)
      through.pipe(socket).pipe(through)
    })
    for (const end of [socket, through]) end.on('error', () => undefined)
  })
  await new Promise<void>((done) => {
    server.listen(0, '127.0.0.1', done)
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, hosts, server }
}

const job = `
import { writeFileSync } from 'node:fs'
import { forgeFor } from '@headgate/forges'
const [apiUrl, folder] = process.argv.slice(1)
const location = { kind: 'github', apiUrl, serverUrl: apiUrl, repository: 'o/r', token: 'secret' }
const forge = await forgeFor(location, { delays: [1, 1] })
await forge.upsertComment(7, '<!-- m -->', 'one')
const release = await forge.createRelease({ tag: 't', title: 't', body: '', draft: false })
writeFileSync(folder + '/model', 'weights')
const asset = await forge.uploadAsset(release, 'model', folder + '/model', 7)
await forge.downloadAsset(release, asset, folder + '/copy')
`

test('a job behind a proxy reaches the forge through it, for assets too', async () => {
  const proxy = await startProxy()
  try {
    const folder = await mkdtemp(join(tmpdir(), 'forges-'))
    const forge = twin.url.replace('127.0.0.1', 'forge.example')
    twin.storageUrl = twin.storageUrl.replace('127.0.0.1', 'storage.example')
    const env = { ...process.env, GITHUB_API_URL: forge, http_proxy: proxy.url, no_proxy: '' }
    const given = ['--conditions=source', '--input-type=module', '--eval', job, forge, folder]
    await promisify(execFile)(process.execPath, given, { cwd: import.meta.dirname, env })
    expect(await readFile(join(folder, 'copy'), 'utf8')).toBe('weights')
    expect(new Set(proxy.hosts.map((host) => host.split(':')[0]))).toEqual(
      new Set(['forge.example', 'storage.example']),
    )
  } finally {
    proxy.server.closeAllConnections()
    await new Promise((done) => proxy.server.close(done))
  }
})
