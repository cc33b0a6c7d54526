// What a pull request is checked by: the base branch's word, not its own.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Context, Validation } from '@headgate/core'
import { localRunner, type Outcome, startWith } from '@headgate/runners'
import { git } from '@headgate/systems'
import { beforeEach, describe, expect, test } from 'vitest'
import { run, stage, wire } from './index.ts'

/** A contract whose only check is that `n` is at least this; the data has 5. */
const contract = (minimum: number, table = 't'): string =>
  'apiVersion: v3.1.0\nkind: DataContract\nid: x\nversion: 1.0.0\nstatus: active\nschema:\n' +
  `  - name: ${table}\n    properties:\n` +
  `      - { name: n, logicalType: integer, logicalTypeOptions: { minimum: ${minimum} } }\n`
const settings = (block: string): string => `models:\n  m:\n    data: data.csv\n    validate-data: ${block}\n`

let work: string

/** A clone of a bare remote, with these files on main; the branch is another one. */
async function begin(files: Readonly<Record<string, string>>): Promise<void> {
  const root = await mkdtemp(join(tmpdir(), 'validate-'))
  work = join(root, 'work')
  await git.run(root, ['init', '--quiet', '--bare', '--initial-branch=main', join(root, 'remote')])
  await git.run(root, ['init', '--quiet', '--initial-branch=main', work])
  await git.run(work, ['config', 'user.name', 'Tester'])
  await git.run(work, ['config', 'user.email', 'tester@example.org'])
  await git.run(work, ['remote', 'add', 'origin', join(root, 'remote')])
  await change({ '.gitignore': '.headgate\n', 'data.csv': 'n\n5\n', ...files })
  await git.run(work, ['push', '--quiet', 'origin', 'main'])
  await git.run(work, ['switch', '--quiet', '--create', 'change'])
}

async function change(files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, text] of Object.entries(files)) await writeFile(join(work, name), text)
  await git.run(work, ['add', '--all'])
  await git.run(work, ['commit', '--quiet', '--message', 'Change'])
}

interface Told extends Outcome {
  readonly notices: string
  readonly errors: string
  readonly validation: Validation
}

const pull = { number: 7, headSha: '', fork: false, author: 'someone', labels: [] }
const pullRequest: Partial<Context> = { event: 'pull-request', pullRequest: pull, base: { ref: 'main' } }

async function validate(
  flags: Readonly<Record<string, string>> = {},
  context: Partial<Context> = pullRequest,
): Promise<Told> {
  const local = await localRunner({}, { folder: work, flags: new Map(Object.entries(flags)) })
  const notices: string[] = []
  const told = (message: string): void => void notices.push(message)
  const errors: string[] = []
  const log = { ...local.log, info: () => {}, error: (message: string) => void errors.push(message), notice: told }
  const runner = { ...local, log, annotate: () => {}, context: { ...local.context, ...context } }
  const outcome = await startWith(stage, run, wire, runner)
  return {
    ...outcome,
    notices: notices.join('\n'),
    errors: errors.join('\n'),
    validation: outcome.document as unknown as Validation,
  }
}

const strict = { 'headgate.yml': settings('{ contract: contract.yaml }'), 'contract.yaml': contract(10) }

describe('a pull request cannot choose', () => {
  beforeEach(() => begin(strict))

  test('a weaker contract of its own in its headgate.yml', async () => {
    await change({ 'headgate.yml': settings('{ contract: weak.yaml }'), 'weak.yaml': contract(0) })
    const { exitCode, document, validation } = await validate()
    expect([exitCode, document?.verdict]).toEqual([1, 'fail'])
    expect(validation.contract).toMatchObject({ path: 'contract.yaml', ref: 'main' })
    expect(validation.contract.caveats).toBeUndefined()
    expect(validation.contract.changed?.split('\n')).toEqual([
      '-contract: contract.yaml',
      '+contract: weak.yaml',
      expect.stringMatching(/^-.*minimum: 10/),
      expect.stringMatching(/^\+.*minimum: 0/),
    ])
  })

  test('a weaker contract by a flag', async () => {
    await change({ 'weak.yaml': contract(0) })
    const { exitCode, validation } = await validate({ contract: 'weak.yaml' })
    expect(exitCode).toBe(1)
    expect(validation.contract).toMatchObject({ path: 'contract.yaml', ref: 'main' })
  })

  test('a weaker contract that the base branch has too', async () => {
    await git.run(work, ['switch', '--quiet', 'main'])
    await change({ 'weak.yaml': contract(0) })
    await git.run(work, ['push', '--quiet', 'origin', 'main'])
    await git.run(work, ['switch', '--quiet', 'change'])
    await git.run(work, ['merge', '--quiet', 'main'])
    expect((await validate({ contract: 'weak.yaml' })).exitCode).toBe(1)
  })

  test('by moving the contract, or removing it', async () => {
    await git.run(work, ['mv', 'contract.yaml', 'moved.yaml'])
    await change({ 'headgate.yml': settings('{ contract: moved.yaml }') })
    expect((await validate()).validation.contract).toMatchObject({ path: 'contract.yaml', ref: 'main' })
  })

  test('that its failure counts for nothing, in its headgate.yml or by a flag', async () => {
    await change({ 'headgate.yml': settings('{ contract: contract.yaml, fail-on: never }') })
    const byFile = await validate()
    expect([byFile.exitCode, byFile.document?.verdict]).toEqual([1, 'fail'])
    expect(byFile.notices).toMatch(/`fail-on` is inconclusive.*main/)
    expect((await validate({ 'fail-on': 'never' })).exitCode).toBe(1)
  })

  test('anything in a merge queue either', async () => {
    await change({ 'headgate.yml': settings('{ contract: weak.yaml, fail-on: never }'), 'weak.yaml': contract(0) })
    const queue: Partial<Context> = { event: 'merge-queue', base: { ref: 'main' } }
    const { exitCode, validation } = await validate({}, queue)
    expect(exitCode).toBe(1)
    expect(validation.contract).toMatchObject({ path: 'contract.yaml', ref: 'main' })
  })
})

test('one table of the contract is not chosen by the pull request', async () => {
  const tables = `${contract(10, 'orders')}${contract(0, 'other').split('schema:\n')[1]}`
  await begin({ 'headgate.yml': settings('{ contract: "contract.yaml#orders" }'), 'contract.yaml': tables })
  expect((await validate({ contract: 'contract.yaml#other' })).exitCode).toBe(1)
})

test('a pull request that changes nothing of this passes, and the document says where the contract is from', async () => {
  await begin({ ...strict, 'contract.yaml': contract(0) })
  await change({ 'notes.txt': 'more' })
  const { exitCode, document, validation, report } = await validate()
  expect([exitCode, document?.verdict]).toEqual([0, 'pass'])
  expect(validation.contract).toMatchObject({ path: 'contract.yaml', ref: 'main' })
  expect(validation.contract.changed).toBeUndefined()
  expect(JSON.stringify(report?.sections)).toContain('"Contract read from",{"code":"main"}')
})

test('a stricter word of its own holds too', async () => {
  const open = { 'headgate.yml': settings('{ fail-on: never }'), 'contract.yaml': contract(0) }
  await begin(open)
  await change({ 'notes.txt': 'more' })
  const lenient = await validate({ contract: 'contract.yaml' })
  expect([lenient.exitCode, lenient.document?.verdict]).toEqual([0, 'warn'])
  const strict = await validate({ contract: 'contract.yaml', 'fail-on': 'warn' })
  expect([strict.exitCode, strict.document?.verdict]).toEqual([1, 'warn'])
})

test.each(['./contract.yaml', 'x/../contract.yaml'])('%s is the base branch’s contract too', async (contractPath) => {
  const named = { 'headgate.yml': settings(`{ contract: ${contractPath} }`) }
  await begin({ ...named, 'contract.yaml': contract(10) })
  await change({ 'contract.yaml': contract(0) })
  const { exitCode, validation } = await validate()
  expect(exitCode).toBe(1)
  expect(validation.contract).toMatchObject({ path: 'contract.yaml', ref: 'main' })
  expect(validation.contract.caveats).toBeUndefined()
})

describe('data that the pull request names in the place of the base branch’s', () => {
  const block = (data: string) => settings(`{ data: ${data}, contract: contract.yaml }`)
  beforeEach(() => begin({ 'headgate.yml': block('data.csv'), 'contract.yaml': contract(5) }))

  test('are not checked while those are there', async () => {
    await change({ 'headgate.yml': block('other.csv'), 'other.csv': 'n\n9\n', 'data.csv': 'n\n1\n' })
    const { exitCode, validation } = await validate()
    expect([exitCode, validation.data.source]).toEqual([1, 'data.csv'])
    expect((await validate({ data: 'other.csv' })).exitCode).toBe(1)
    await change({ 'data.csv': 'n\n5\n' })
    const honest = await validate()
    expect([honest.exitCode, honest.document?.verdict]).toEqual([0, 'warn'])
    expect(honest.document?.summary).toContain('was not checked: main says which data are')
    expect(honest.validation.contract.changed).toBe('-data: data.csv\n+data: other.csv')
  })

  test('are checked once those are gone, and warn at best', async () => {
    await git.run(work, ['mv', 'data.csv', 'moved.csv'])
    await change({ 'headgate.yml': block('moved.csv') })
    const { document, validation } = await validate()
    expect([document?.verdict, validation.data.source]).toEqual(['warn', 'moved.csv'])
    expect(document?.summary).toContain('the data that main names are not there')
  })

  test('are the same by another way of writing them', async () => {
    await change({ 'headgate.yml': block('./x/../data.csv') })
    expect((await validate()).document?.verdict).toBe('pass')
  })
})

test.each([
  ['settings', { 'headgate.yml': 'models: [' }, /main:headgate\.yml/],
  ['an unknown key', { 'headgate.yml': settings('{ contrakt: contract.yaml }') }, /main:headgate\.yml.*contrakt/],
  ['a contract', { ...strict, 'contract.yaml': 'kind: [' }, /main:contract\.yaml/],
])('%s of the base branch that cannot be understood ends with exit code 2', async (_name, files, place) => {
  await begin(files)
  await change({ ...strict, 'contract.yaml': contract(0), 'more.txt': '' })
  const { exitCode, document, errors } = await validate()
  expect([exitCode, document]).toEqual([2, undefined])
  expect(errors).toMatch(place)
})

describe('what the base branch leaves open is the pull request’s own, said so, and warn at best', () => {
  test.each([
    ['no settings file', { 'contract.yaml': contract(0) }, /main has no headgate.yml/],
    ['another model', { 'headgate.yml': 'models:\n  other: { data: x.csv }\n' }, /does not describe m/],
    [
      'no contract',
      { 'headgate.yml': settings('{ engine: auto }'), 'contract.yaml': contract(0) },
      /main does not set it/,
    ],
    [
      'a contract that is not there',
      { 'headgate.yml': settings('{ contract: contract.yaml }') },
      /main has no contract.yaml/,
    ],
  ])('%s', async (_name, files, reason) => {
    await begin(files)
    await change({ ...strict, 'contract.yaml': contract(0), 'more.txt': '' })
    const { exitCode, document, validation, notices } = await validate()
    expect([exitCode, document?.verdict]).toEqual([0, 'warn'])
    expect(validation.contract.caveats?.join()).toMatch(reason)
    expect(document?.summary).toMatch(reason)
    expect(notices).toMatch(reason)
  })

  test('and its text is the base branch’s all the same, where that has it', async () => {
    await begin({ 'contract.yaml': contract(10) })
    await change({ 'contract.yaml': contract(0) })
    const { exitCode, validation } = await validate({ model: 'm', data: 'data.csv', contract: 'contract.yaml' })
    expect(exitCode).toBe(1)
    expect(validation.contract.ref).toBe('main')
  })
})

test('a base branch that cannot be reached ends with exit code 3, and no document', async () => {
  await begin({ ...strict, 'contract.yaml': contract(0) })
  await rm(join(work, '..', 'remote'), { recursive: true })
  const { exitCode, document } = await validate()
  expect([exitCode, document]).toEqual([3, undefined])
})

test('outside a pull request the work tree’s own contract holds, and no branch is named', async () => {
  await begin(strict)
  await change({ 'headgate.yml': settings('{ contract: weak.yaml }'), 'weak.yaml': contract(0) })
  const { exitCode, validation, report } = await validate({}, { event: 'push' })
  expect(exitCode).toBe(0)
  expect(validation.contract).toMatchObject({ path: 'weak.yaml' })
  expect(validation.contract.ref).toBeUndefined()
  expect(JSON.stringify(report?.sections)).toContain('"Contract read from","this commit"')
})
