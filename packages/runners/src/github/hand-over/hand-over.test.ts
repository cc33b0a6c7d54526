import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Context, type Document, OutsideError, UserError } from '@headgate/core'
import { digestTree, listTree, writeDocument } from '@headgate/files'
import { openStore } from '@headgate/stores'
import { type Results, startResults } from '@headgate/testkit'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { training } from '../../../test/training.ts'
import type { ContentStore, HandOverPlace } from '../../port.ts'
import { artifactHandOver } from './artifacts.ts'

let home: string
let results: Results
beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'headgate-hand-over-'))
  results = await startResults()
  vi.stubEnv('ACTIONS_RUNTIME_TOKEN', results.token)
  vi.stubEnv('ACTIONS_RESULTS_URL', results.url)
  // The clients tell what they do as the runner wants it told.
  vi.spyOn(process.stdout, 'write').mockReturnValue(true)
})
afterEach(async () => {
  vi.restoreAllMocks()
  vi.unstubAllEnvs()
  await results.close()
  rmSync(home, { recursive: true, force: true })
})

const context: Context = {
  runner: 'github',
  event: 'push',
  commit: 'abc',
  branch: 'main',
  defaultBranch: 'main',
  actor: '',
  run: { id: '11', attempt: 1, url: '', workflow: '' },
  ephemeral: false,
}
const pullRequest: Context = { ...context, event: 'pull-request', branch: '7/merge' }

const notices: string[] = []
beforeEach(() => void notices.splice(0))

/** A job's hand-over: each job, and each step of it, is a process of its own. */
function job({ in: runs = context, mostBytes = 1e9 }: { in?: Context; mostBytes?: number } = {}) {
  const log = { notice: (sentence: string) => void notices.push(sentence) }
  return artifactHandOver({ context: runs, log, temporary: home, mostBytes })
}

const directory = () => openStore('directory:kept', { workspace: home, ephemeral: false })

function place(name: string, openStore: () => Promise<ContentStore> = directory): HandOverPlace {
  return { model: 'team/m', workFolder: join(home, name), openStore }
}

/** Leaves what a training leaves: predictions, and a model with a link in it. */
async function train(at: HandOverPlace, weights = 'weights', runId = '11'): Promise<void> {
  mkdirSync(join(at.workFolder, 'output/model'), { recursive: true })
  writeFileSync(join(at.workFolder, 'output/predictions.csv'), 'id,prediction\n')
  writeFileSync(join(at.workFolder, 'output/model/v1.bin'), weights)
  symlinkSync('v1.bin', join(at.workFolder, 'output/model/current.bin'))
  const document: Document<'training'> = {
    schema: 'headgate/training@1',
    verdict: 'pass',
    summary: 'Trained.',
    model: 'team/m',
    commit: 'abc',
    createdAt: '2026-01-02T03:04:05Z',
    tool: 'headgate',
    runner: { kind: 'github', event: 'push', runId, os: 'linux' },
    inputs: [],
    durationMs: 1,
    ...training,
  }
  await writeDocument('training', at.workFolder, document)
}

const modelOf = (at: HandOverPlace) => digestTree(join(at.workFolder, 'output/model'))
const read = (at: HandOverPlace, path: string) => readFileSync(join(at.workFolder, path), 'utf8')
const calls = (pattern: RegExp) => results.calls.filter((call) => pattern.test(call)).length
const artifact = () => results.artifacts.get('headgate-team.m-train')?.toString('latin1') ?? ''

test.each(['artifact', 'store'] as const)('a later job has the same model, its links too, by %s', async (by) => {
  const [one, two] = [place('one'), place('two')]
  await train(one)
  await job().save('train', one, by)
  const brought = await job().restore(two)
  expect(brought).toEqual([
    'output/model/current.bin',
    'output/model/v1.bin',
    'output/predictions.csv',
    'training.json',
  ])
  expect(await modelOf(two)).toEqual(await modelOf(one))
  expect(read(two, 'training.json')).toBe(read(one, 'training.json'))
})

test('a link that leads out of the output is refused by name, and nothing is sent', async () => {
  const one = place('one')
  await train(one)
  writeFileSync(join(home, 'secret'), 'secret')
  symlinkSync(join(home, 'secret'), join(one.workFolder, 'output/model/leak'))
  const refused = job().save('train', one, 'artifact')
  await expect(refused).rejects.toThrow(/output\/model\/leak: is a link that leads outside/)
  await expect(refused).rejects.toThrow(UserError)
  expect(results.artifacts.size).toBe(0)
})

test('by store, the artifact names the content by digest and does not hold it', async () => {
  const one = place('one')
  await train(one)
  await job().save('train', one, 'store')
  expect(artifact()).toContain('stored/train.json')
  expect(artifact()).not.toContain('v1.bin')
  const kept = await listTree(join(home, 'kept/team/m'))
  // printf weights | sha256sum
  expect(kept).toContain('sha256-9a129038d9a00aed0cf6a7ea059ca50a813449061ab87848cf1a13eafdf33b2c')
})

test('content that changed in the store does not reach a later job', async () => {
  const [one, two] = [place('one'), place('two')]
  await train(one)
  await job().save('train', one, 'store')
  for (const file of await listTree(join(home, 'kept'))) writeFileSync(join(home, 'kept', file), 'spoilt')
  await expect(job().restore(two)).rejects.toThrow(OutsideError)
  await expect(listTree(two.workFolder)).rejects.toThrow('ENOENT')
})

test('what is too large for an artifact goes to the store by itself', async () => {
  const [one, two] = [place('one'), place('two')]
  await train(one)
  await job({ mostBytes: 10 }).save('train', one, 'artifact')
  expect(artifact()).not.toContain('v1.bin')
  await job().restore(two)
  expect(await modelOf(two)).toEqual(await modelOf(one))
})

test('what is too large, and has no store, is refused with the lines that mend it', async () => {
  const openNone = () => openStore(undefined, { workspace: home, ephemeral: true })
  const one = place('one', openNone)
  await train(one)
  const refused = job({ mostBytes: 10 }).save('train', one, 'artifact')
  await expect(refused).rejects.toThrow(/too much.*artifact.*needs a forge.*store: directory:.*hand-over: off/s)
  await expect(refused).rejects.toThrow(UserError)
})

/** A store whose writing is seen in the repository, as a release is. */
const published = async (): Promise<ContentStore> => ({ ...(await directory()), writesRepository: true })

test('a pull request writes to no store that is part of the repository', async () => {
  const one = place('one', published)
  await train(one)
  await job({ in: pullRequest }).save('train', one, 'store')
  expect(artifact()).toContain('v1.bin')
  expect(notices).toEqual([expect.stringMatching(/default branch/)])
  await expect(job({ in: pullRequest, mostBytes: 10 }).save('train', one, 'store')).rejects.toThrow(UserError)
  await job().save('train', one, 'store')
  expect(artifact()).not.toContain('v1.bin')
})

test('each step of a job looks, and the first one fetches', async () => {
  const [one, two] = [place('one'), place('two')]
  await train(one)
  await job().save('train', one, 'artifact')
  const step = job()
  await step.restore(two)
  results.calls.length = 0
  expect(await step.restore(two)).toEqual([])
  expect(results.calls).toEqual([])
  expect(await job().restore(two)).toEqual([])
  expect([calls(/ListArtifacts/), calls(/GetSignedArtifactURL|GET \/blob/)]).toEqual([1, 0])
  expect(await job().restore(one)).toEqual([])
})

test('another model of the same process is fetched for itself', async () => {
  const [one, two] = [place('one'), place('two')]
  const other = { ...place('other'), model: 'other' }
  await train(one)
  await job().save('train', one, 'artifact')
  await train(other, 'other')
  await job().save('train', other, 'artifact')
  const step = job()
  await step.restore(two)
  const into = { ...place('into'), model: 'other' }
  await step.restore(into)
  expect(read(into, 'output/model/v1.bin')).toBe('other')
})

test.each(['10', '11'])('what run %s left in the folder gives way to what this run handed over', async (runId) => {
  const [one, two] = [place('one'), place('two')]
  await train(two, 'old', runId)
  writeFileSync(join(two.workFolder, 'output/model/stale.bin'), 'old')
  await job().save('train', two, 'artifact')
  results.artifacts.clear()
  await train(one)
  await job().save('train', one, 'artifact')
  await job().restore(two)
  expect(await modelOf(two)).toEqual(await modelOf(one))
})

test('what this run made here and did not hand over stays', async () => {
  const [one, two] = [place('one'), place('two')]
  await train(one)
  await job().save('train', one, 'artifact')
  await train(two, 'newer')
  expect(await job().restore(two)).toEqual([])
  expect(read(two, 'output/model/v1.bin')).toBe('newer')
})
