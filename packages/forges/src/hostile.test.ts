import { mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { OutsideError } from '@headgate/core'
import { type ForgeTwin, misfits, startForge } from '@headgate/testkit'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Forge, forgeFor } from './index.ts'

const marker = '<!-- headgate:churn:report -->'
let twin: ForgeTwin

beforeEach(async () => {
  twin = await startForge({ github: 'churn[bot]' })
})
afterEach(async () => {
  await twin.close()
  expect(misfits(twin.calls)).toEqual([])
})

const open = (kind: 'github' | 'gitea'): Promise<Forge> => {
  const apiUrl = kind === 'gitea' ? `${twin.url}/api/v1` : twin.url
  return forgeFor({ kind, apiUrl, serverUrl: twin.url, repository: 'o/r', token: 'secret' }, { delays: [1, 1] })
}
const posts = (): number => twin.calls.filter((call) => call.method === 'POST').length

test('an installation token, which may not ask for its user, still knows its own comment', async () => {
  await (await open('github')).upsertComment(7, marker, 'one')
  expect((await (await open('github')).upsertComment(7, marker, 'one')).action).toBe('unchanged')
  expect(twin.comments).toHaveLength(1)
})

test('a dispatch whose answer was lost is not sent again', async () => {
  twin.faults = [{ status: 502, method: 'POST' }]
  await expect((await open('github')).dispatch('retrain.yml', 'main', {})).rejects.toThrow(/not known/)
  expect(posts()).toBe(1)
})

describe.each(['github', 'gitea'] as const)('%s', (kind) => {
  const released = async () => {
    const forge = await open(kind)
    const release = await forge.createRelease({ tag: 'churn@v1.0.0', title: 'churn', body: '', draft: true })
    const folder = await mkdtemp(join(tmpdir(), 'forges-'))
    await writeFile(join(folder, 'model'), 'weights')
    return { forge, release, folder }
  }

  test('the pull request of a commit is found, from a fork too, and only while it is open', async () => {
    for (let number = 1; number <= 120; number += 1) twin.pulls.push({ number, sha: `other-${number}`, state: 'open' })
    twin.pulls.unshift(
      { number: 121, sha: 'abc', state: 'closed' },
      { number: 122, sha: 'abc', state: 'open', fork: 'bob' },
    )
    const forge = await open(kind)
    expect(await forge.findPullRequest('abc')).toBe(122)
    expect(await forge.findPullRequest('def')).toBeUndefined()
  })

  test('a draft is found by its tag', async () => {
    const { forge, release } = await released()
    expect((await forge.findRelease('churn@v1.0.0'))?.id).toBe(release.id)
  })

  test('an upload that is repeated finds its asset, and never takes another one for it', async () => {
    const { forge, release, folder } = await released()
    const first = await forge.uploadAsset(release, 'model', join(folder, 'model'), 7)
    expect(await forge.uploadAsset(release, 'model', join(folder, 'model'), 7)).toEqual(first)
    await writeFile(join(folder, 'model'), 'other weights')
    await expect(forge.uploadAsset(release, 'model', join(folder, 'model'), 13)).rejects.toThrow(OutsideError)
  })

  test('an asset comes back as it was sent, after a 503', async () => {
    const { forge, release, folder } = await released()
    twin.faults = [{ status: 503, path: /uploads|\/assets$/, method: 'POST', times: 1 }]
    const asset = await forge.uploadAsset(release, 'model', join(folder, 'model'), 7)
    twin.faults = [{ status: 503, path: /assets\/|attachments\//, method: 'GET', times: 1 }]
    await forge.downloadAsset(release, asset, join(folder, 'deep/copy'))
    expect(await readFile(join(folder, 'deep/copy'), 'utf8')).toBe('weights')
  })

  test('a download that is cut short leaves nothing', async () => {
    const { forge, release, folder } = await released()
    const asset = await forge.uploadAsset(release, 'model', join(folder, 'model'), 7)
    await expect(forge.downloadAsset(release, { ...asset, bytes: 9 }, join(folder, 'copy'))).rejects.toThrow(/7 of 9/)
    await expect(readFile(join(folder, 'copy'))).rejects.toThrow(/ENOENT/)
  })

  test('a forge that is gone is something outside that failed', async () => {
    const { forge, release, folder } = await released()
    const asset = await forge.uploadAsset(release, 'model', join(folder, 'model'), 7)
    await twin.close()
    await expect(forge.downloadAsset(release, asset, join(folder, 'copy'))).rejects.toThrow(OutsideError)
    await expect(forge.uploadAsset(release, 'x', join(folder, 'model'), 7)).rejects.toThrow(OutsideError)
  })
})

test('the token does not go to another server that an answer names', async () => {
  const seen: (string | undefined)[] = []
  const other = createServer((request, response) => {
    seen.push(request.headers.authorization)
    response.end('weights')
  })
  await new Promise<void>((done) => {
    other.listen(0, '127.0.0.1', done)
  })
  try {
    const forge = await open('gitea')
    const release = await forge.createRelease({ tag: 'churn@v1.0.0', title: 'churn', body: '', draft: false })
    const folder = await mkdtemp(join(tmpdir(), 'forges-'))
    await writeFile(join(folder, 'model'), 'weights')
    const asset = await forge.uploadAsset(release, 'model', join(folder, 'model'), 7)
    twin.rootUrl = `http://127.0.0.1:${(other.address() as AddressInfo).port}`
    await forge.downloadAsset(release, asset, join(folder, 'copy')).catch(() => undefined)
    expect(seen).toEqual([])
  } finally {
    await new Promise((done) => other.close(done))
  }
})
