// A ledger that somebody rewrote: a clone that never saw it before notices by the heads that the alias tags keep.
import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { headgate, makeRepository, type Repository, settings } from './repository.ts'

const ref = 'refs/headgate/ledger'
const watched = settings
  .replace('bootstrap: true', 'bootstrap: true\n      baseline: champion')
  .concat(
    '    deploy: { serve: [node, serve.mjs, "{model}", "{port}"] }\n',
    '    drift-check: { reference: train.csv, current: test.csv, columns: [label], retrain: decide }\n',
  )

let first: Repository

beforeAll(async () => {
  first = makeRepository({ 'headgate.yml': watched })
  for (const stage of ['validate-data', 'train', 'evaluate-gate', 'register-model', 'drift-check'])
    expect(await headgate(first, [stage]), stage).toMatchObject({ code: 0 })
  expect(first.git('ls-remote', 'origin', 'refs/tags/*')).not.toContain('champion')
  const empty = first.git('commit-tree', '-m', 'nothing', first.git('mktree'))
  first.git('push', '-q', 'origin', `+${empty}:${ref}`)
})

function cloneOf(name: string, ...flags: string[]): Repository {
  const folder = join(first.folder, '..', name)
  first.git('clone', '-q', ...flags, `file://${first.remote}`, folder)
  cpSync(first.work, join(folder, '.headgate/tiny'), { recursive: true })
  return { ...first, folder, work: join(folder, '.headgate/tiny') }
}

test.each([
  ['full', []],
  ['shallow', ['--depth=1']],
])('in a fresh %s clone every command that reads it ends with 3, and writes nothing', async (kind, flags) => {
  const clone = cloneOf(kind, ...flags)
  const before = first.git('ls-remote', 'origin')
  for (const words of [
    ['ledger'],
    ['drift-check'],
    ['evaluate-gate'],
    ['register-model', '--import', '--path', 'contract.yaml', '--alias', 'challenger'],
    ['deploy'],
    ['rollback'],
  ]) {
    const { code, stderr } = await headgate(clone, words)
    expect(code, `${words[0]}: ${stderr}`).toBe(3)
    expect(stderr, words[0]).toMatch(
      /history was rewritten: [0-9a-f]{40} was its head once \(tiny#challenger#1 says so\)/,
    )
  }
  expect(first.git('ls-remote', 'origin')).toBe(before)
})
