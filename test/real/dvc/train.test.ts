// A training whose data DVC keeps: its repository is cloned, as a CI does it, with nothing of the data in it.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Document } from '@headgate/core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { describeSystem } from '../describe-system.ts'
import { type Ended, headgate } from '../headgate.ts'
import { type Dvc, prepare, start } from './start.ts'

const md5 = (text: string): string => createHash('md5').update(text).digest('hex')
const csv = 'id,city\n1,Zürich\n'

/** As a command by itself, and as a stage: then without HEADGATE_OUTPUT, as a colleague would run it by hand. */
const trainer = `
const { mkdirSync, readFileSync, writeFileSync } = require('node:fs')
const [data, output] = process.argv.slice(2)
console.log('trains now')
mkdirSync(output + '/model', { recursive: true })
writeFileSync(output + '/model/read.txt', readFileSync(data))
writeFileSync(output + '/predictions.csv', 'id,score\\n1,0.5\\n')
writeFileSync(output + '/metrics.json', '{"auc": 0.75, "loss": NaN, "by": {"f1": 0.5}}')
`

const pipeline = `stages:
  prepare:
    cmd: node -e "require('fs').copyFileSync('data/train.csv', 'prepared.csv')"
    deps: [data/train.csv]
    outs: [prepared.csv]
  train:
    cmd: node train.cjs prepared.csv .
    deps: [prepared.csv, train.cjs]
    outs: [model, predictions.csv]
    metrics: [{metrics.json: {cache: false}}]
`

describeSystem('dvc', await prepare(), () => {
  let dvc: Dvc

  const git = (folder: string, ...words: string[]): string =>
    execFileSync('git', ['-c', 'user.name=Ada', '-c', 'user.email=ada@localhost', ...words], {
      cwd: folder,
      encoding: 'utf8',
    })

  /** A fresh checkout: no data, no cache, no work folder. */
  function clone(): string {
    const folder = join(mkdtempSync(join(dirname(dvc.repository), 'clone-')), 'work')
    git(dirname(dvc.repository), 'clone', '--quiet', dvc.repository, folder)
    return folder
  }

  function train(folder: string, ...words: string[]): Promise<Ended> {
    return headgate(folder, dvc.environment, 'train', '--model', 'm', ...words)
  }

  function documentOf(folder: string, ended: Ended): Document<'training'> {
    const file = join(folder, '.headgate/m/training.json')
    if (!existsSync(file)) expect.fail(ended.stderr)
    return JSON.parse(readFileSync(file, 'utf8')) as Document<'training'>
  }

  function forget(folder: string, ...paths: string[]): void {
    for (const path of ['.dvc/cache', '.dvc/tmp', ...paths])
      rmSync(join(folder, path), { recursive: true, force: true })
  }

  beforeAll(async () => {
    dvc = await start()
    const at = (path: string): string => join(dvc.repository, path)
    writeFileSync(at('train.cjs'), trainer)
    writeFileSync(
      at('run.cjs'),
      'process.argv.splice(2, 9, process.env.HEADGATE_DATA, process.env.HEADGATE_OUTPUT); require("./train.cjs")',
    )
    writeFileSync(at('.gitignore'), '.headgate/\n')
    execFileSync('mkdir', ['-p', at('data'), at('raw')])
    writeFileSync(at('data/train.csv'), csv)
    writeFileSync(at('raw/a.csv'), 'a')
    writeFileSync(at('raw/ü.csv'), 'b')
    await dvc.dvc('add', '--quiet', 'data/train.csv', 'raw')
    await dvc.dvc('push', '--quiet')
    git(dvc.repository, 'add', '.')
    git(dvc.repository, 'commit', '--quiet', '-m', 'Begin')
    git(dvc.repository, 'config', 'receive.denyCurrentBranch', 'updateInstead')
  })
  afterAll(() => dvc?.stop())

  test('data that is absent is pulled, and only that; an unchanged training does not pull it again', async () => {
    const folder = clone()
    const ended = await train(folder, '--run', 'node run.cjs', '--data', 'data/train.csv.dvc')
    expect(ended.code, ended.stderr).toBe(0)
    const document = documentOf(folder, ended)
    expect(document.data).toEqual([{ path: 'data/train.csv', digest: `dvc-md5:${md5(csv)}` }])
    expect(readFileSync(join(folder, '.headgate/m/output/model/read.txt'), 'utf8')).toBe(csv)
    expect(existsSync(join(folder, 'raw'))).toBe(false)

    forget(folder, 'data/train.csv')
    const again = await train(folder, '--run', 'node run.cjs', '--data', 'data/train.csv.dvc')
    expect(documentOf(folder, again).cache.hit, again.stderr).toBe(true)
    expect(existsSync(join(folder, 'data/train.csv'))).toBe(false)
  })

  test('a folder that DVC tracks has the digest that DVC gave it, absent and here', async () => {
    const recorded = /md5: (\S+)/.exec(readFileSync(join(dvc.repository, 'raw.dvc'), 'utf8'))?.[1]
    const folder = clone()
    const look = ['--run', 'node train.cjs', '--data', 'raw', '--dry-run', '--format', 'json']
    const absent = JSON.parse((await train(folder, ...look)).stdout) as Document<'training'>
    execFileSync(join(dvc.commands, 'dvc'), ['pull', '--quiet', 'raw'], { cwd: folder, env: { ...dvc.environment } })
    const here = JSON.parse((await train(folder, ...look)).stdout) as Document<'training'>
    expect(absent.data).toEqual([{ path: 'raw', digest: `dvc-md5:${recorded}` }])
    expect(here.data).toEqual(absent.data)
    expect(here.key).toBe(absent.key)
  })

  test('what the remote does not have, and what it has otherwise, is told; nothing is trained', async () => {
    const folder = clone()
    const object = globSync(`files/md5/${md5(csv).slice(0, 2)}/*`, { cwd: dvc.remote }).map((path) =>
      join(dvc.remote, path),
    )
    const [path = ''] = object
    const content = readFileSync(path)
    rmSync(path)
    const missing = await train(folder, '--run', 'node run.cjs', '--data', 'data/train.csv')
    expect(missing.code).toBe(2)
    expect(missing.stderr).toContain('`dvc push` where the data is')
    writeFileSync(path, 'id,city\n1,Basel\n')
    forget(folder, 'data/train.csv')
    const other = await train(folder, '--run', 'node run.cjs', '--data', 'data/train.csv')
    expect(other.code, other.stderr).toBe(2)
    expect(other.stderr).not.toContain('trains now')
    // DVC itself removed what was not what its name says.
    rmSync(path, { force: true })
    writeFileSync(path, content)
  })

  test('a pipeline is reproduced, shipped, pulled elsewhere without running a stage, and skipped after that', async () => {
    const author = clone()
    writeFileSync(join(author, 'dvc.yaml'), pipeline)
    git(author, 'add', '.')
    git(author, 'commit', '--quiet', '-m', 'Make a pipeline')
    const repro = ['--run', 'dvc repro --pull', '--data', 'data/train.csv.dvc']
    const first = await train(author, ...repro)
    expect(first.code, first.stderr).toBe(0)
    expect(first.stderr).toContain('trains now')
    const made = documentOf(author, first)
    const lock = `sha256:${createHash('sha256')
      .update(readFileSync(join(author, 'dvc.lock')))
      .digest('hex')}`
    expect(made.dvc).toEqual({ locks: [{ path: 'dvc.lock', digest: lock, changed: true }] })
    expect(made.summary).toMatch(/dvc\.lock \(sha256:[0-9a-f]{12}\) changed: commit it, after `dvc push`\.$/)
    expect(made.metrics).toEqual({ auc: 0.75, loss: null, 'by.f1': 0.5 })
    expect(made.artifacts.map(({ path }) => path)).toEqual([
      'dvc.lock',
      'metrics.json',
      'model/read.txt',
      'predictions.csv',
    ])
    const carried = readFileSync(join(author, '.headgate/m/output/dvc.lock'))
    expect(carried.equals(readFileSync(join(author, 'dvc.lock')))).toBe(true)

    // What the workflow that ships does.
    execFileSync(join(dvc.commands, 'dvc'), ['push', '--quiet'], { cwd: author, env: { ...dvc.environment } })
    git(author, 'add', '.')
    git(author, 'commit', '--quiet', '-m', 'Lock what was trained')
    git(author, 'push', '--quiet', 'origin', 'HEAD:main')

    const elsewhere = clone()
    const second = await train(elsewhere, ...repro)
    expect(second.code, second.stderr).toBe(0)
    expect(second.stderr).not.toContain('trains now')
    const pulled = documentOf(elsewhere, second)
    expect(pulled.key).toBe(made.key)
    expect(pulled.modelArtifact?.digest).toBe(made.modelArtifact?.digest)
    expect(pulled.dvc?.locks).toEqual([{ path: 'dvc.lock', digest: lock, changed: false }])
    expect(pulled.summary).not.toContain('changed')

    forget(elsewhere, 'data/train.csv', 'prepared.csv', 'model', 'predictions.csv')
    const third = await train(elsewhere, '--run', 'dvc repro --pull', '--data', 'dvc.yaml')
    expect(documentOf(elsewhere, third), third.stderr).toMatchObject({ key: made.key, cache: { hit: true } })
    expect(existsSync(join(elsewhere, 'data/train.csv'))).toBe(false)
  })

  test('a pipeline that fails is told with what its stage printed', async () => {
    const folder = clone()
    writeFileSync(
      join(folder, 'dvc.yaml'),
      'stages:\n  train:\n    cmd: node -e "console.log(\'späť\'); process.exit(3)"\n    deps: [raw]\n',
    )
    const ended = await train(folder, '--run', 'dvc repro --pull', '--data', 'raw.dvc')
    expect(ended.code).toBe(2)
    expect(documentOf(folder, ended).error?.message).toContain('späť')
  })

  test('without a lock, `dvc.yaml` as data is told with what to do', async () => {
    const folder = clone()
    rmSync(join(folder, 'dvc.lock'), { force: true })
    const ended = await train(folder, '--run', 'dvc repro --pull', '--data', 'dvc.yaml')
    expect(ended.code).toBe(2)
    expect(ended.stderr).toContain('Run `dvc repro` once and commit it')
  })
})
