import { type ForgeTwin, misfits, startForge } from '@headgate/testkit'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type CheckReport, type Forge, forgeFor } from '../index.ts'

let twin: ForgeTwin
let forge: Forge

beforeEach(async () => {
  twin = await startForge()
  const apiUrl = `${twin.url}/api/v1`
  forge = await forgeFor({ kind: 'gitea', apiUrl, serverUrl: twin.url, repository: 'o/r', token: 'secret' })
})
afterEach(async () => {
  await twin.close()
  expect(misfits(twin.calls)).toEqual([])
})

const check: CheckReport = {
  name: 'headgate (churn)',
  sha: 'abc',
  conclusion: 'failure',
  title: 'AUC fell.',
  summary: '',
  annotations: [],
}

test('the newest status counts, in whatever order those of one second come', async () => {
  await forge.report(check)
  await forge.report({ ...check, conclusion: 'success' })
  await forge.report(check)
  await forge.report(check)
  await forge.report({ ...check, conclusion: 'neutral' })
  expect(twin.statuses.map(({ state }) => state)).toEqual(['failure', 'success', 'failure', 'warning'])
})

test('a description is cut between its characters', async () => {
  await forge.report({ ...check, title: `x${'🚦'.repeat(100)}` })
  expect(twin.statuses[0]?.description.isWellFormed()).toBe(true)
})
