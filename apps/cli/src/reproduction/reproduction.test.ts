import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Document, Reproduction } from '@headgate/core'
import { digestOf, digestOfTree, environmentSchema } from '@headgate/core'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { restoreData } from './data.ts'
import { artifactsOf, differencesOf } from './differences.ts'
import { allowedOf, readTolerance } from './tolerance.ts'
import { judge } from './verdict.ts'

test.each([
  ['0.01', 0.01, 0],
  ['1e-6', 1e-6, 0],
  ['5%', 0, 0.05],
  ['0.5 %', 0, 0.005],
  ['0.001+0.1%', 0.001, 0.001],
  ['1e-4 + 2%', 0.0001, 0.02],
  ['0', 0, 0],
])('a tolerance of %j is read', (text, absolute, relative) => {
  const found = readTolerance(text)
  expect(found.absolute).toBeCloseTo(absolute, 15)
  expect(found.relative).toBeCloseTo(relative, 15)
})

test.each(['', '%', '-1', '1%+2', 'x+1%', '1+x%', '1,5', 'NaN', 'Infinity', '+1%', '1+%', '-1+5%', '0x1+1%'])(
  'a tolerance of %j is a mistake',
  (text) => {
    expect(() => readTolerance(text)).toThrow(/is no tolerance/)
  },
)

test('what is allowed is a part of its own and a share of the value’s size', () => {
  expect(allowedOf({ absolute: 0.5, relative: 0.1 }, -20)).toBe(2.5)
})

describe('data is restored by its digest', () => {
  let home: string
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'restored-'))
    for (const name of ['checkout', 'tree', 'archive/deep']) mkdirSync(join(home, name), { recursive: true })
  })
  afterEach(() => rmSync(home, { recursive: true, force: true }))

  const put = (path: string, text: string) => writeFileSync(join(home, path), text)
  const restore = (...inputs: { path: string; digest: string }[]) =>
    restoreData(inputs, {
      workspace: join(home, 'tree'),
      checkout: join(home, 'checkout'),
      given: ['../archive'],
      signal: new AbortController().signal,
    })
  const old = { path: 'a.csv', digest: digestOf('old') }

  test('from the commit before all else', async () => {
    put('checkout/a.csv', 'old')
    put('tree/a.csv', 'new')
    expect(await restore(old)).toEqual([{ path: 'a.csv', was: old.digest, is: old.digest, restoredFrom: 'commit' }])
  })

  test('from the work tree, in place of what the commit has; the work tree keeps its own', async () => {
    put('checkout/a.csv', 'other')
    put('tree/a.csv', 'old')
    expect(await restore(old)).toMatchObject([{ restoredFrom: 'work-tree' }])
    writeFileSync(join(home, 'checkout/a.csv'), 'written by the training')
    expect(readFileSync(join(home, 'tree/a.csv'), 'utf8')).toBe('old')
  })

  test('by content from what was given, files and whole folders', async () => {
    put('archive/deep/x', 'old')
    const folder = { path: 'data', digest: digestOfTree([{ path: 'x', digest: digestOf('old') }]) }
    expect(await restore(old, folder)).toMatchObject([{ restoredFrom: 'data' }, { restoredFrom: 'data' }])
    expect(readFileSync(join(home, 'checkout/data/x'), 'utf8')).toBe('old')
    expect(readFileSync(join(home, 'checkout/a.csv'), 'utf8')).toBe('old')
  })

  test('or it is said what is there instead', async () => {
    put('tree/a.csv', 'new')
    const gone = { path: 'b.csv', digest: digestOf('b') }
    expect(await restore(old, gone)).toEqual([
      { path: 'a.csv', was: old.digest, is: digestOf('new'), restoredFrom: null },
      { path: 'b.csv', was: gone.digest, is: null, restoredFrom: null },
    ])
  })

  test('never outside of the checkout; and what the training reads itself is left to it', async () => {
    put('archive/deep/x', 'old')
    await expect(restore({ ...old, path: '../escaped.csv' })).rejects.toThrow()
    const pointer = `version https://git-lfs.github.com/spec/v1\noid ${digestOf('large')}\nsize 5\n`
    put('checkout/large.csv', pointer)
    expect(await restore({ path: 'large.csv', digest: digestOf('large') })).toMatchObject([
      { restoredFrom: 'training' },
    ])
    put('tree/large.csv', 'large')
    expect(await restore({ path: 'large.csv', digest: digestOf('large') })).toMatchObject([
      { restoredFrom: 'work-tree' },
    ])
    const remote = { path: 's3://bucket/a.csv', digest: 's3-version:1' }
    expect(await restore(remote)).toMatchObject([{ is: 's3-version:1', restoredFrom: 'training' }])
  })
})

function training(
  change: { readonly environment?: object; readonly dirty?: string; readonly artifacts?: object[] } = {},
) {
  const known = { os: 'Linux 6', cpu: '2 × x', interpreter: 'Python 3.11.7', lock: null, packages: null, image: null }
  return {
    run: { command: ['python', 'train.py'], params: { seed: 7 } },
    code: { digest: digestOf('code'), dirty: change.dirty ?? null },
    environment: environmentSchema.parse({ ...known, ...change.environment }),
    artifacts: change.artifacts ?? [],
  } as unknown as Document<'training'>
}

test('what differs of the environment is told one by one, packages by name', () => {
  const packages = ['numpy==1.26.4', 'old==1', 'conda:mkl-2024.1-h0']
  const gpus = [{ name: 'A100', driver: '550.1', memoryBytes: null }]
  const before = training({ environment: { packages, gpus, cuda: '12.4' } })
  const now = ['numpy==2.0.1', 'new==3', 'conda:mkl-2024.2-h1']
  const after = training({
    environment: { packages: now, gpus: null, cuda: null, interpreter: 'Python 3.12.1', os: 'Linux 7' },
  })
  expect(differencesOf(before, after)).toEqual([
    { what: 'interpreter', was: 'Python 3.11.7', is: 'Python 3.12.1' },
    { what: 'operating system', was: 'Linux 6', is: 'Linux 7' },
    { what: 'GPUs', was: 'A100', is: null },
    { what: 'GPU driver', was: '550.1', is: null },
    { what: 'CUDA', was: '12.4', is: null },
    { what: 'package mkl (conda)', was: '2024.1-h0', is: '2024.2-h1' },
    { what: 'package new', was: null, is: '3' },
    { what: 'package numpy', was: '1.26.4', is: '2.0.1' },
    { what: 'package old', was: '1', is: null },
  ])
  expect(differencesOf(before, before)).toEqual([])
})

test('a lock that is another one, uncommitted changes and variables are told too; those of tracking are not', () => {
  const lock = (text: string) => ({ path: 'uv.lock', digest: digestOf(text) })
  const before = training({
    environment: { lock: lock('a'), variables: { A: '1', MLFLOW_TRACKING_URI: 'x' } },
    dirty: digestOf('dirt'),
  })
  const after = training({ environment: { lock: lock('b'), variables: { A: '2' } } })
  expect(differencesOf(before, after).map(({ what }) => what)).toEqual([
    'lock (uv.lock)',
    'uncommitted changes',
    'variable A',
  ])
})

test('files that only one of both left are told', () => {
  const file = (path: string, text: string) => ({ path, digest: digestOf(text), bytes: 1 })
  const before = training({ artifacts: [file('model/a', 'a'), file('figures/x', 'x')] })
  expect(artifactsOf(before, training({ artifacts: [file('model/a', 'a'), file('model/b', 'b')] }))).toEqual([
    { path: 'figures/x', was: digestOf('x'), is: null },
    { path: 'model/a', was: digestOf('a'), is: digestOf('a') },
    { path: 'model/b', was: null, is: digestOf('b') },
  ])
})

describe('the verdict', () => {
  const found: Reproduction = {
    version: '1.2.0',
    original: { commit: 'c', runId: 'r', key: digestOf('k'), startedAt: '2026-01-02T03:04:05Z', durationMs: 1 },
    run: { id: 's', key: digestOf('k'), durationMs: 1 },
    tolerance: { absolute: 0.0001, relative: 0.001 },
    data: [],
    differences: [],
    basis: 'none',
    basisReason: 'the training left no predictions.',
    metrics: [],
    predictions: null,
    artifacts: [],
  }
  const same = { path: 'model/a', was: digestOf('a'), is: digestOf('a') }
  const other = { ...same, is: digestOf('b') }
  const row = {
    metric: 'f1',
    slice: 'origin=JFK',
    was: 0.5,
    is: 0.4,
    difference: -0.1,
    allowed: 0.0006,
    status: 'fail',
  } as const

  test('without anything that could be compared is no reproduction', () => {
    expect(judge('m', { ...found, artifacts: [other] })).toEqual({
      verdict: 'inconclusive',
      summary: 'm 1.2.0: nothing could be compared, since the training left no predictions.',
    })
  })

  test('without metrics rests on the files', () => {
    expect(judge('m', { ...found, artifacts: [same] }).verdict).toBe('pass')
  })

  test('names the metrics that are too far away, whatever the files are', () => {
    const { verdict, summary } = judge('m', { ...found, metrics: [row], artifacts: [same] })
    expect([verdict, summary]).toEqual([
      'fail',
      'm 1.2.0 is not reproduced: f1 in origin=JFK was 0.5 and is 0.4, more than 0.0006 away.',
    ])
  })

  test('of other data is no reproduction, even where every metric is as it was', () => {
    const data = [{ path: 's3://b/x', was: 's3-version:1', is: 's3-version:2', restoredFrom: null }]
    const { verdict, summary } = judge('m', { ...found, data, metrics: [{ ...row, status: 'pass' }] })
    expect([verdict, summary]).toEqual(['fail', 'm 1.2.0 is not reproduced: s3://b/x is no longer what it was.'])
  })
})
