import { execFileSync } from 'node:child_process'
import { mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Base } from '@headgate/core'
import { readDocument } from '@headgate/files'
import type { Outcome, Runner } from '@headgate/runners'
import { localRunner, startWith } from '@headgate/runners'
import { openEngine } from '@headgate/tables'
import { expect, test } from 'vitest'
import { profileData, run, stage, wire } from './index.ts'

const head =
  'apiVersion: v3.1.0\nkind: DataContract\nid: x\nversion: 1.0.0\nstatus: active\nschema:\n  - name: t\n    properties:\n'
const folder = () => mkdtemp(join(tmpdir(), 'validate-'))

interface Told extends Outcome {
  readonly errors: readonly string[]
  readonly notices: readonly string[]
}

async function validate(root: string, flags: Record<string, string> = {}, more: { base?: Base } = {}): Promise<Told> {
  const given = new Map(Object.entries({ data: 'data.csv', contract: 'contract.yaml', model: 'm', ...flags }))
  const local = await localRunner({}, { folder: root, flags: given })
  const errors: string[] = []
  const notices: string[] = []
  const log: Runner['log'] = {
    ...local.log,
    info: () => {},
    notice: (message) => void notices.push(message),
    error: (message) => void errors.push(message),
  }
  const runner = { ...local, log, annotate: () => {}, context: { ...local.context, ...more } }
  return { ...(await startWith(stage, run, wire, runner)), errors, notices }
}

test('failing rows, the contract’s line and the profile are left in the work folder', async () => {
  const root = await folder()
  await writeFile(join(root, 'data.csv'), 'id,n\na,1\nb,-5\nc,secret-7\n')
  const properties =
    '      - { name: id, logicalType: string, primaryKey: true }\n' +
    '      - { name: n, logicalType: integer, logicalTypeOptions: { minimum: 0 } }\n'
  await writeFile(join(root, 'contract.yaml'), head + properties)
  const { exitCode, report, path } = await validate(root)
  expect(exitCode).toBe(1)
  const document = await readDocument('validation', join(root, '.headgate/m'))
  expect(document?.verdict).toBe('fail')
  expect(document?.summary).toBe('3 of 5 checks passed on 3 rows; n.logicalType is 1 where = 0 rows holds.')
  expect(document?.checks.find(({ id }) => id === 'n.minimum')).toMatchObject({
    status: 'fail',
    samples: [{ row: 1, key: { id: 'b' } }],
    location: { file: 'contract.yaml', line: 10 },
  })
  expect(report?.annotations.map(({ level, where }) => [level, where?.file, where?.line])).toEqual([
    ['error', 'contract.yaml', 10],
    ['error', 'contract.yaml', 10],
  ])
  const profile = await readDocument('profile', join(root, '.headgate/m'))
  expect(profile?.columns.map(({ column, type, rows }) => [column, type, rows])).toEqual([
    ['id', 'string', 3],
    ['n', 'integer', 3],
  ])
  expect(await readFile(path ?? '', 'utf8')).not.toContain('secret')
  const shown = await validate(root, { 'show-values': 'true' })
  expect(await readFile(shown.path ?? '', 'utf8')).toContain('secret-7')
})

test('every mistake of contract and data is told at once, with its line', async () => {
  const root = await folder()
  await writeFile(join(root, 'contract.yaml'), `${head}      - { name: a, requird: true }\n      - { nme: b }\n`)
  const { exitCode, errors } = await validate(root, { data: 'nowhere.csv' })
  expect(exitCode).toBe(2)
  expect(errors).toEqual([
    expect.stringMatching(/^contract.yaml:9: .*"requird".*`required`/),
    expect.stringMatching(/^contract.yaml:10: .*"nme".*`name`/),
    expect.stringMatching(/^contract.yaml:10: a property without a `name`/),
    expect.stringMatching(/^nowhere.csv: no data file is there/),
  ])
})

test('required columns that are missing and empty data are the user’s to mend', async () => {
  const root = await folder()
  await writeFile(join(root, 'data.csv'), 'late,x\n')
  const properties =
    '      - { name: lat, required: true }\n      - { name: y }\n      - { name: id, primaryKey: true }\n'
  await writeFile(join(root, 'contract.yaml'), head + properties)
  const { exitCode, errors } = await validate(root)
  expect(exitCode).toBe(2)
  expect(errors).toEqual([
    'contract.yaml:9: the data has no column "lat", which the contract requires. It has "late".',
    expect.stringMatching(/^contract.yaml:11: the data has no column "id"/),
    'data.csv: the data has no rows.',
  ])
})

test.each([
  ['contract.yaml is not YAML', { contract: 'a: [', flags: {} }, /contract.yaml:\d+:\d+: is not YAML/],
  ['an engine of a later release', { contract: `${head}      - { name: x }\n`, flags: { engine: 'spark' } }, /spark/],
])('%s is exit 2 and leaves no document', async (_name, { contract, flags }, message) => {
  const root = await folder()
  await writeFile(join(root, 'data.csv'), 'x\n1\n')
  await writeFile(join(root, 'contract.yaml'), contract)
  const { exitCode, errors } = await validate(root, flags)
  expect([exitCode, errors.join('\n')]).toEqual([2, expect.stringMatching(message)])
  expect(await readDocument('validation', join(root, '.headgate/m'))).toBeUndefined()
})

test('an optional column that is missing leaves its checks inconclusive, and no checks at all too', async () => {
  const root = await folder()
  await writeFile(join(root, 'data.csv'), 'x\n1\n')
  await writeFile(join(root, 'contract.yaml'), `${head}      - { name: y, logicalType: string }\n`)
  expect((await validate(root)).document?.verdict).toBe('inconclusive')
  await writeFile(join(root, 'contract.yaml'), `${head}      - { name: x }\n`)
  expect((await validate(root)).document?.verdict).toBe('inconclusive')
})

test('on a pull request the base branch’s contract holds; its own reaches warn at best', async () => {
  const root = await folder()
  const git = (...args: string[]) =>
    execFileSync('git', ['-C', root, '-c', 'user.name=n', '-c', 'user.email=e@x', ...args], { encoding: 'utf8' }).trim()
  const contract = (minimum: number) =>
    `${head}      - { name: n, logicalType: integer, logicalTypeOptions: { minimum: ${minimum} } }\n`
  await writeFile(join(root, 'data.csv'), 'n\n5\n')
  await writeFile(join(root, 'contract.yaml'), contract(10))
  git('init', '-q', '-b', 'main')
  git('add', '-A')
  git('commit', '-q', '-m', 'base')
  const baseSha = git('rev-parse', 'HEAD')
  await writeFile(join(root, 'contract.yaml'), contract(0))
  await writeFile(join(root, 'new.yaml'), contract(0))
  const base = { ref: 'main', sha: baseSha }
  const weakened = await validate(root, {}, { base })
  expect(weakened.exitCode).toBe(1)
  expect(weakened.document).toMatchObject({ contract: { ref: 'main', changed: expect.stringContaining('minimum: 0') } })
  const added = await validate(root, { contract: 'new.yaml' }, { base })
  expect(added.document?.verdict).toBe('warn')
  expect(added.notices.join()).toMatch(/pull request’s own/)
})

test('data can be profiled without a contract', async () => {
  const root = await folder()
  await writeFile(join(root, 'data.csv'), 'x\n1\n3\n')
  const ports = { workspace: root, openEngine: () => openEngine('auto', { tools: root, temporary: root }) }
  const reference = await profileData('data.csv', ports)
  expect(reference.columns[0]?.moments).toEqual({ count: 2, mean: 2, m2: 2 })
  await writeFile(join(root, 'current.csv'), 'x\n2\nnone\n')
  const current = await profileData('current.csv', ports, reference)
  expect(current.columns[0]).toMatchObject({ type: 'integer', nulls: 1, histogram: { edges: [1, 3] } })
})
