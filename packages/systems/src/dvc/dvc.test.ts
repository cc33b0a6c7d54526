import { mkdir, mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { UserError } from '@headgate/core'
import { expect, test } from 'vitest'
import { md5Of, pull, readDvcFile, readLock, repositoryOf, trackedFinder } from './index.ts'

const signal = new AbortController().signal

async function repository(files: Readonly<Record<string, string>>): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'dvc-'))
  for (const [path, text] of Object.entries(files)) {
    await mkdir(join(root, path, '..'), { recursive: true })
    await writeFile(join(root, path), text)
  }
  return root
}

test('a folder has the MD5 that `dvc add` of DVC 3.67 gives it', async () => {
  const root = await repository({ 'raw/a.csv': 'a', 'raw/ü.csv': 'b', 'train.csv': 'id\n1\n' })
  expect(await md5Of(join(root, 'raw'))).toBe('4d55631175ee2f9579c6cf28f1a62a8b.dir')
  expect(await md5Of(join(root, 'train.csv'))).toBe('bc9280dfc1d4e67233f138f5bbbf0951')
  expect(await md5Of(join(root, 'none'))).toBeUndefined()
})

const lock = `schema: '2.0'
stages:
  prepare:
    cmd: python prepare.py
    deps:
    - path: ../data/train.csv
      hash: md5
      md5: bc9280dfc1d4e67233f138f5bbbf0951
      size: 5
    - path: s3://bucket/x
      etag: abc
      size: 1
    outs:
    - path: out
      hash: md5
      md5: 6c173ea4bdac242adb00b6c38447ecf1.dir
      size: 5
      nfiles: 1
  train@de:
    cmd: python train.py
    deps:
    - path: prepare/out
      hash: md5
      md5: 6c173ea4bdac242adb00b6c38447ecf1.dir
`

test('a lock tells what a pipeline began from and what it made, by the folders of its stages', async () => {
  const yaml = 'stages:\n  prepare:\n    wdir: prepare\n    cmd: x\n  train:\n    foreach: [de]\n    do: {cmd: y}\n'
  const root = await repository({ 'dvc.lock': lock, 'dvc.yaml': yaml })
  const found = await readLock(root)
  expect(found?.outs.map(({ path }) => path)).toEqual([join(root, 'prepare/out')])
  expect(found?.roots).toEqual([
    {
      path: join(root, 'data/train.csv'),
      md5: 'bc9280dfc1d4e67233f138f5bbbf0951',
      bytes: 5,
      recordedIn: join(root, 'dvc.lock'),
    },
  ])
  expect(found?.remoteRoots).toEqual(['s3://bucket/x'])
  expect(await readLock(join(root, 'prepare'))).toBeUndefined()
})

test('a path is found in the `.dvc` file beside it, in a lock above it, and within a folder that is tracked', async () => {
  const dvc = 'outs:\n- md5: 4d55631175ee2f9579c6cf28f1a62a8b.dir\n  size: 2\n  nfiles: 2\n  hash: md5\n  path: raw\n'
  const root = await repository({ 'data/renamed.dvc': dvc, 'dvc.lock': lock, 'dvc.yaml': '' })
  const find = trackedFinder(root)
  expect((await find(join(root, 'data/raw/deep/a.csv')))?.path).toBe(join(root, 'data/raw'))
  expect((await find(join(root, 'out')))?.md5).toBe('6c173ea4bdac242adb00b6c38447ecf1.dir')
  expect(await find(join(root, 'data/other'))).toBeUndefined()
  expect(await find('/elsewhere/raw')).toBeUndefined()
})

test('the nearest `.dvc` folder is the repository', async () => {
  const root = await repository({ 'sub/.dvc/config': '', 'sub/deep/x.dvc': '' })
  expect(await repositoryOf(root, join(root, 'sub/deep/x.dvc'))).toBe(join(root, 'sub'))
  expect(await repositoryOf(root, join(root, 'x.dvc'))).toBe(root)
})

test.each([
  ['a list', '- 1\n', 'cannot be read as a file of DVC'],
  ['no YAML', 'outs: [\n', 'cannot be read as a file of DVC'],
  ['no digest', 'outs:\n- path: x\n', 'records no MD5 of x'],
])('a `.dvc` file that holds %s is the user’s to mend', async (_, text, said) => {
  const root = await repository({ 'x.dvc': text })
  const error = await readDvcFile(join(root, 'x.dvc')).catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(UserError)
  expect((error as Error).message).toContain(said)
})

test('a missing dvc is told with how to install it', async () => {
  const root = await repository({})
  const place = { folder: root, environment: { PATH: root }, secrets: [], signal }
  await expect(pull(place, [join(root, 'x')])).rejects.toThrow(/no command `dvc`.*pip install "dvc\[s3\]"/)
})
