import { OutsideError } from '@headgate/core'
import { type ForgeTwin, misfits, startForge } from '@headgate/testkit'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type CheckReport, type Forge, forgeFor } from '../index.ts'

let twin: ForgeTwin
let forge: Forge

beforeEach(async () => {
  twin = await startForge()
  const location = {
    kind: 'github',
    apiUrl: twin.url,
    serverUrl: twin.url,
    repository: 'o/r',
    token: 'secret',
  } as const
  forge = await forgeFor(location, { delays: [1, 1] })
})
afterEach(async () => {
  await twin.close()
  expect(misfits(twin.calls)).toEqual([])
})

const check: CheckReport = {
  name: 'headgate (churn)',
  sha: 'abc',
  conclusion: 'failure',
  title: 'T',
  summary: 'S',
  annotations: [],
}
const annotations = (count: number): CheckReport['annotations'] =>
  Array.from({ length: count }, (_, line) => ({
    level: 'error',
    title: 't',
    message: 'm',
    where: { file: 'contract.yaml', line: line + 1 },
  }))

test('the newest run of the name counts, wherever GitHub put the older ones', async () => {
  await forge.report(check)
  await forge.report({ ...check, conclusion: 'success' })
  // Each check run of a job's token may land in another suite, and then both are the latest of theirs.
  twin.checks.forEach((one, index) => {
    Object.assign(one, { suite: index + 1 })
  })
  await forge.report(check)
  expect(twin.checks.map(({ conclusion }) => conclusion)).toEqual(['failure', 'success', 'failure'])
  await forge.report(check)
  expect(twin.checks).toHaveLength(3)
})

test('a check whose annotations did not all arrive is written again, whole', async () => {
  twin.faults = [{ status: 502, method: 'PATCH' }]
  await expect(forge.report({ ...check, annotations: annotations(120) })).rejects.toThrow(OutsideError)
  twin.faults = []
  await forge.report({ ...check, annotations: annotations(120) })
  expect(twin.checks.at(-1)?.annotations).toHaveLength(120)
  const before = twin.writes().length
  await forge.report({ ...check, annotations: annotations(120) })
  expect(twin.writes()).toHaveLength(before)
})

test('a changed check does not pile its annotations on the old ones', async () => {
  await forge.report({ ...check, annotations: annotations(120) })
  await forge.report({ ...check, annotations: annotations(1) })
  expect(twin.checks.map((one) => one.annotations.length)).toEqual([120, 1])
})

test('a text is cut between its characters, and stays within what GitHub takes', async () => {
  const [where] = [{ file: 'contract.yaml', line: 1 }]
  const long = '🚦'.repeat(70_000)
  await forge.report({
    ...check,
    title: `x${long}`,
    annotations: [{ level: 'error', title: `x${long}`, message: `x${long}`, where }],
  })
  const [sent] = twin.checks
  expect(sent?.title?.isWellFormed()).toBe(true)
  expect(sent?.annotations[0]?.title?.isWellFormed()).toBe(true)
  expect(sent?.annotations[0]?.title?.length).toBeLessThanOrEqual(255)
  // "The maximum size is 64 KB."
  expect(Buffer.byteLength(sent?.annotations[0]?.message ?? '')).toBeLessThanOrEqual(64 * 1024)
})
