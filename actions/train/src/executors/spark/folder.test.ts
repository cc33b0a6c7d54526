import { mkdtempSync, readdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { UserError } from '@headgate/core'
import { expect, test } from 'vitest'
import { makeSpec } from '../../../test/spec.ts'
import { claimFolder, folderOf, listRecords, readRecord, removeFolder } from './folder.ts'

const specOf = (runId: string) => makeSpec({ name: 'headgate-m-1', runId, argv: ['train.py'] })

const nothing = async (): Promise<void> => {}

test('of several who take the same name at once, one has it, and the others leave nothing', async () => {
  const root = mkdtempSync(join(tmpdir(), 'jobs-'))
  const tries = ['a', 'b', 'c', 'd', 'e'].map((runId) => claimFolder(root, specOf(runId), nothing))
  const winners = (await Promise.all(tries)).filter((record) => record !== undefined)
  expect(winners).toHaveLength(1)
  expect(await readRecord(root, 'headgate-m-1')).toEqual(winners[0])
  expect(readdirSync(root)).toEqual(['headgate-m-1'])
  expect(await listRecords(root, 'm')).toEqual(winners)
  expect(await listRecords(root, 'other')).toEqual([])
})

test('a run is removed by its own id only', async () => {
  const root = mkdtempSync(join(tmpdir(), 'jobs-'))
  await claimFolder(root, specOf('second'), nothing)
  await removeFolder(root, { name: 'headgate-m-1', runId: 'first' })
  expect(readdirSync(root)).toEqual(['headgate-m-1'])
  await removeFolder(root, { name: 'headgate-m-1', runId: 'second' })
  expect(readdirSync(root)).toEqual([])
})

test('what fails while a folder is filled leaves none', async () => {
  const root = mkdtempSync(join(tmpdir(), 'jobs-'))
  const failing = claimFolder(root, specOf('a'), async (now) => {
    writeFileSync(join(now, 'part'), '')
    throw new Error('disk full')
  })
  await expect(failing).rejects.toThrow('disk full')
  expect(readdirSync(root)).toEqual([])
})

test.each(['../../etc', '.', 'a/b', '', undefined, 7])('a handle that names %j is none', (name) => {
  expect(() => folderOf('/state', name)).toThrow(UserError)
})
