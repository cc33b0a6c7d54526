import { mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { OutsideError } from '@headgate/core'
import { type ForgeTwin, misfits, startForge } from '@headgate/testkit'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Forge, forgeFor, type Release } from './index.ts'

let twin: ForgeTwin
let model: string

beforeEach(async () => {
  twin = await startForge()
  model = join(await mkdtemp(join(tmpdir(), 'forges-')), 'model')
  await writeFile(model, 'weights')
})
afterEach(async () => {
  await twin.close()
  expect(misfits(twin.calls)).toEqual([])
})

const open = (kind: 'github' | 'gitea'): Promise<Forge> => {
  const apiUrl = kind === 'gitea' ? `${twin.url}/api/v1` : twin.url
  return forgeFor({ kind, apiUrl, serverUrl: twin.url, repository: 'o/r', token: 'secret' }, { delays: [1, 1] })
}
const create = (forge: Forge, draft = false): Promise<Release> =>
  forge.createRelease({ tag: 'headgate-store/team/churn/sha256-1', title: 't', body: 'b', draft })

describe.each(['github', 'gitea'] as const)('%s', (kind) => {
  test('a release that keeps files never becomes what users of the repository get as its latest', async () => {
    await create(await open(kind))
    expect(twin.releases).toMatchObject([{ prerelease: true }])
  })

  test('a draft whose answer was lost is not made twice', async () => {
    twin.faults = [{ status: 502, method: 'POST', isLate: true, times: 1 }]
    await expect(create(await open(kind), true)).rejects.toThrow(OutsideError)
    expect(twin.releases).toHaveLength(1)
  })

  test('an upload whose answer was lost is found, and not sent twice', async () => {
    const forge = await open(kind)
    const release = await create(forge)
    twin.faults = [{ status: 502, method: 'POST', path: /assets$/, isLate: true, times: 1 }]
    const asset = await forge.uploadAsset(release, 'model', model, 7)
    expect([...twin.assets.keys()].map(String)).toEqual([asset.id])
  })

  test('a release is found by a tag with slashes, behind 120 others', async () => {
    const forge = await open(kind)
    const { id } = await create(forge, true)
    for (let other = 1; other <= 120; other += 1)
      twin.releases.push({ id: other, tag_name: `v${other}`, name: '', body: '', draft: false, prerelease: false })
    expect((await forge.findRelease('headgate-store/team/churn/sha256-1'))?.id).toBe(id)
    await forge.updateRelease(id, { draft: false })
    expect((await forge.findRelease('headgate-store/team/churn/sha256-1'))?.id).toBe(id)
  })
})

test('two jobs that send the same file at once both have it', async () => {
  const forges = await Promise.all([open('github'), open('github')])
  const release = await create(await open('github'))
  // Both look before either has sent.
  const { promise, resolve } = Promise.withResolvers<void>()
  let looks = 0
  twin.before = async ({ method, api }) => {
    if (method === 'GET') looks += 1
    if (looks === 2) resolve()
    if (api === 'uploads') await promise
  }
  const assets = await Promise.all(forges.map((forge) => forge.uploadAsset(release, 'model', model, 7)))
  expect(assets[0]).toEqual(assets[1])
  expect(twin.assets.size).toBe(1)
})

test('a repository whose releases are immutable is told as that, and not as a missing right', async () => {
  const forge = await open('github')
  const release = await create(forge)
  const message = 'Cannot upload assets to an immutable release.'
  twin.faults = [{ status: 422, method: 'POST', path: /assets$/, message }]
  const sending = forge.uploadAsset(release, 'model', model, 7)
  await expect(sending).rejects.toMatchObject({ next: expect.stringMatching(/immutab.*another `store`/) })
})

test('an upload that broke off is replaced', async () => {
  const forge = await open('github')
  const release = await create(forge)
  twin.assets.set(1, { release: Number(release.id), name: 'model', bytes: Buffer.from('wei'), state: 'open' })
  const asset = await forge.uploadAsset(release, 'model', model, 7)
  await forge.downloadAsset(release, asset, `${model}-copy`)
  expect(await readFile(`${model}-copy`, 'utf8')).toBe('weights')
  expect(twin.assets.size).toBe(1)
})

test('an answer of another shape is something outside that failed', async () => {
  const forge = await open('github')
  const release = await create(forge)
  twin.faults = [{ status: 200, method: 'POST', path: /assets$/, body: { message: 'a login page' }, times: 3 }]
  await expect(forge.uploadAsset(release, 'model', model, 7)).rejects.toThrow(OutsideError)
  // That answer is the test's, not the twin's.
  for (const call of twin.calls.splice(0)) if (call.api === 'uploads') expect(call.answer?.status).toBe(200)
})
