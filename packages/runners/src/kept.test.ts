import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Document, digestOf, type Validation } from '@headgate/core'
import { writeDocument } from '@headgate/files'
import { expect, test } from 'vitest'
import { training } from '../test/training.ts'
import { keptReports } from './kept.ts'

const validation: Validation = {
  data: { source: 'a.csv', rows: 3, columns: 1, digest: digestOf('a') },
  contract: { path: 'contract.yaml', format: 'odcs', digest: digestOf('c') },
  checks: [],
}

function header(commit: string, minute: number, model = 'm') {
  return {
    verdict: 'pass' as const,
    summary: 'Fine.',
    model,
    commit,
    createdAt: `2026-01-02T03:0${minute}:00.000Z`,
    tool: 'headgate 0',
    runner: { kind: 'local' as const, event: 'push', os: 'linux' },
    inputs: [],
    durationMs: 0,
  }
}

test('without a commit, the newest document’s is the one that is told', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'headgate-kept-'))
  const older: Document<'validation'> = { schema: 'headgate/validation@1', ...header('one', 1), ...validation }
  const newer: Document<'training'> = { schema: 'headgate/training@1', ...header('two', 2), ...training }
  await writeDocument('validation', folder, older)
  await writeDocument('training', folder, newer)
  const { reports, leftOut } = await keptReports(folder, { model: 'm' })
  expect([reports.map(({ title }) => title), leftOut]).toEqual([['Training'], ['validation']])
  const asked = await keptReports(folder, { model: 'm', commit: 'one' })
  expect([asked.reports.length, asked.leftOut]).toEqual([1, ['training']])
  expect((await keptReports(folder, { model: 'other' })).reports).toEqual([])
})
