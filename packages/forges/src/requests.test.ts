// Everything that is sent to a forge is in that forge's own description, and everything of the twin is asked for.
import { mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ForgeTwin, misfits, startForge, unasked } from '@headgate/testkit'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Forge, forgeFor } from './index.ts'

const sha = 'a'.repeat(40)
let twin: ForgeTwin

beforeEach(async () => {
  twin = await startForge()
  twin.pulls.push({ number: 7, sha, state: 'open' })
})
afterEach(() => twin.close())

const open = (kind: 'github' | 'gitea'): Promise<Forge> => {
  const apiUrl = kind === 'gitea' ? `${twin.url}/api/v1` : twin.url
  return forgeFor({ kind, apiUrl, serverUrl: twin.url, repository: 'o/r', token: 'secret' }, { delays: [1, 1] })
}

/** Every method of the port, so that every request there is is made. */
async function useAll(forge: Forge): Promise<void> {
  const marker = '<!-- headgate:churn:report -->'
  for (const text of ['one', 'two']) await forge.upsertComment(7, marker, text)
  // One that another job left, which goes.
  const login = twin.logins[forge.kind as 'github' | 'gitea']
  twin.comments.push({ id: 2000, issue: 7, body: `${marker}\nlater`, user: { login } })
  await forge.upsertComment(7, marker, 'two')
  const where = { file: 'contract.yaml', line: 3 }
  const annotations = Array.from({ length: 51 }, () => ({ level: 'error', title: 't', message: 'm', where }) as const)
  const check = { name: 'headgate (churn)', sha, conclusion: 'neutral', title: 'T', summary: 'S' } as const
  await forge.report({ ...check, annotations, url: 'https://forge.example/runs/1' })
  expect(await forge.findPullRequest(sha)).toBe(7)
  const { id } = await forge.dispatch('retrain.yml', 'main', { reason: 'drift' })
  expect(await forge.runState(id ?? '')).toBe('running')
  const folder = await mkdtemp(join(tmpdir(), 'forges-'))
  await writeFile(join(folder, 'model'), 'weights')
  const release = await forge.createRelease({ tag: 'team/churn@v1', title: 'churn', body: 'b', draft: true })
  const asset = await forge.uploadAsset(release, 'model', join(folder, 'model'), 7)
  await forge.updateRelease(release.id, { draft: false })
  expect((await forge.findRelease('team/churn@v1'))?.assets).toEqual([asset])
  await forge.downloadAsset(release, asset, join(folder, 'copy'))
  expect(await readFile(join(folder, 'copy'), 'utf8')).toBe('weights')
  await forge.deleteAsset(release, asset)
  expect(await forge.findRelease('other')).toBeUndefined()
}

test.each(['github', 'gitea'] as const)('what is sent to %s is what it describes', async (kind) => {
  await useAll(await open(kind))
  expect(misfits(twin.calls)).toEqual([])
  const apis = kind === 'gitea' ? (['gitea'] as const) : (['github', 'uploads'] as const)
  expect(apis.flatMap((api) => unasked(twin, api))).toEqual([])
})
