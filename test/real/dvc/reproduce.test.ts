// A version whose data DVC keeps is trained again: from its cache where it is, else from its remote.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Document } from '@headgate/core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { describeSystem } from '../describe-system.ts'
import { headgate } from '../headgate.ts'
import { type Dvc, prepare, start } from './start.ts'

const rows = Array.from({ length: 60 }, (_, x) => `r${x},${x},${x % 2}`)
const csv = `id,x,label\n${rows.join('\n')}\n`

const trainer = `
const { mkdirSync, readFileSync, writeFileSync } = require('node:fs')
const { HEADGATE_DATA: data, HEADGATE_OUTPUT: output } = process.env
const lines = readFileSync(data, 'utf8').trim().split('\\n').slice(1).map((line) => line.split(','))
mkdirSync(output + '/model')
writeFileSync(output + '/model/rows', String(lines.length))
writeFileSync(output + '/predictions.csv', 'id,prediction\\n' + lines.map(([id, x]) => id + ',' + (x % 2) + '\\n').join(''))
`

describeSystem('dvc', await prepare(), () => {
  let dvc: Dvc
  let settings: string
  const git = (folder: string, ...words: string[]): string =>
    execFileSync('git', words, { cwd: folder, encoding: 'utf8', env: { ...process.env, ...dvc.environment } })

  beforeAll(async () => {
    dvc = await start()
    const store = join(dirname(dvc.repository), 'store')
    settings = `models:
  m:
    test-data: test.csv
    positive: "1"
    train: { run: [${process.execPath}, train.cjs], data: data/train.csv.dvc }
    evaluate-gate: { bootstrap: true, policy: [{ metric: accuracy, min: 0.6 }] }
    register-model: { store: "directory:${store}" }
`
    const at = (path: string): string => join(dvc.repository, path)
    for (const [name, value] of [
      ['name', 'Ada'],
      ['email', 'ada@localhost'],
    ] as const)
      git(dvc.repository, 'config', `user.${name}`, value)
    mkdirSync(at('data'))
    writeFileSync(at('train.cjs'), trainer)
    writeFileSync(at('headgate.yml'), settings)
    writeFileSync(at('.gitignore'), '.headgate/\n')
    writeFileSync(at('test.csv'), csv)
    writeFileSync(at('data/train.csv'), csv)
    await dvc.dvc('add', '--quiet', 'data/train.csv')
    git(dvc.repository, 'add', '.')
    git(dvc.repository, 'commit', '--quiet', '-m', 'Begin')
  })
  afterAll(() => dvc?.stop())

  async function play<D>(folder: string, ...words: string[]): Promise<D> {
    const { code, stdout, stderr } = await headgate(folder, dvc.environment, ...words, '--format', 'json')
    expect(code, `${words.join(' ')}: ${stderr}`).toBe(0)
    return JSON.parse(stdout) as D
  }

  test('from the cache of the work tree, and from the remote in a clone that has neither', async () => {
    for (const stage of ['train', 'evaluate-gate', 'register-model']) await play(dvc.repository, stage)
    // The data moved on, and its old state was never pushed: only the cache has it.
    writeFileSync(join(dvc.repository, 'data/train.csv'), csv.replace('r0,0,0\n', ''))
    await dvc.dvc('add', '--quiet', 'data/train.csv')
    const data = [
      {
        path: 'data/train.csv',
        was: `dvc-md5:${createHash('md5').update(csv).digest('hex')}`,
        restoredFrom: 'training',
      },
    ]
    const here = await play<Document<'reproduction'>>(dvc.repository, 'reproduce', '0.1.0')
    expect(here).toMatchObject({ verdict: 'pass', basis: 'predictions', differences: [] })
    expect(here.data.slice(0, 1)).toMatchObject(data)

    await dvc.dvc('push', '--quiet', '--all-commits')
    const clone = join(mkdtempSync(join(dirname(dvc.repository), 'clone-')), 'work')
    git(dirname(dvc.repository), 'clone', '--quiet', dvc.repository, clone)
    rmSync(join(dvc.repository, '.dvc/cache'), { recursive: true })
    const there = await play<Document<'reproduction'>>(clone, 'reproduce', '0.1.0')
    expect(there).toMatchObject({ verdict: 'pass', differences: [] })
    expect(there.data.slice(0, 1)).toMatchObject(data)
  })
})
