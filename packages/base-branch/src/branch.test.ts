import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Base } from '@headgate/core'
import { digestOf, OutsideError, UserError } from '@headgate/core'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { holdCommon, openBaseBranch } from './index.ts'

const real = (cwd: string, ...args: string[]) => execFileSync('git', args, { cwd, encoding: 'utf8' }).trim()

async function commit(work: string, files: Readonly<Record<string, string>>): Promise<string> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(work, name)), { recursive: true })
    await writeFile(join(work, name), text)
  }
  real(work, 'add', '.')
  real(work, '-c', 'user.name=T', '-c', 'user.email=t@x', 'commit', '-qm', 'Change')
  return real(work, 'rev-parse', 'HEAD')
}

/** A clone with these files on main, pushed, and a commit of a change on top that has them no more. */
async function clone(files: Readonly<Record<string, string>>): Promise<{ work: string; remote: string; sha: string }> {
  const root = await mkdtemp(join(tmpdir(), 'base-branch-'))
  const [work, remote] = [join(root, 'work'), join(root, 'remote')]
  real(root, 'init', '-q', '--bare', '-b', 'main', remote)
  real(root, 'init', '-q', '-b', 'main', work)
  real(work, 'remote', 'add', 'origin', remote)
  const sha = await commit(work, { ...files, 'a.txt': 'a' })
  real(work, 'push', '-q', 'origin', 'main')
  real(work, 'switch', '-qc', 'change')
  for (const name of Object.keys(files)) real(work, 'rm', '-q', name)
  await commit(work, { 'a.txt': 'changed' })
  real(work, 'push', '-q', 'origin', 'change')
  return { work, remote, sha }
}

function open(workspace: string, base: Base, variables: Readonly<Record<string, string>> = {}) {
  const branch = openBaseBranch({ context: { base }, workspace, variables })
  if (branch === undefined) throw new Error('there is no base')
  return branch
}

test.each(['a.txt', './a.txt', 'x/../a.txt', 'x/./../a.txt'])('%s is the base branch’s file', async (path) => {
  const { work, sha } = await clone({})
  expect(await open(work, { ref: 'main', sha }).read(path)).toBe('a')
  expect(await open(work, { ref: 'main' }).read(path)).toBe('a')
  expect(await open(work, { ref: 'main' }).read(join(work, path))).toBe('a')
  expect(await open(work, { ref: 'main' }).digest(path)).toBe(digestOf('a'))
})

test('a work tree below the root reads from there, up to the root and no further', async () => {
  const { work } = await clone({ 'sub/b.txt': 'b' })
  await mkdir(join(work, 'sub'), { recursive: true })
  const branch = open(join(work, 'sub'), { ref: 'main' })
  expect(await branch.read('b.txt')).toBe('b')
  expect(await branch.read('../a.txt')).toBe('a')
  for (const path of ['a.txt', '../../a.txt', '/etc/passwd', join(work, '../x')])
    expect(await branch.read(path), path).toBeUndefined()
})

test('a link of the base branch is read where it leads to', async () => {
  const { work } = await clone({})
  real(work, 'switch', '-q', 'main')
  await symlink('a.txt', join(work, 'link.txt'))
  const sha = await commit(work, {})
  expect(await open(work, { ref: 'main', sha }).read('link.txt')).toBe('a')
})

test('a file of Git LFS has the digest that its pointer names, and its bytes are not here', async () => {
  const named = digestOf('the rows')
  const pointer = `version https://git-lfs.github.com/spec/v1\noid ${named}\nsize 8\n`
  const { work } = await clone({ 'rows.csv': pointer })
  const branch = open(work, { ref: 'main' })
  expect([await branch.digest('rows.csv'), await branch.bytes('rows.csv')]).toEqual([named, undefined])
})

test('the commit that the CI names holds, although the branch went on', async () => {
  const { work, sha } = await clone({})
  real(work, 'switch', '-q', 'main')
  await commit(work, { 'a.txt': 'later' })
  real(work, 'push', '-q', 'origin', 'main')
  expect(await open(work, { ref: 'main', sha }).read('a.txt')).toBe('a')
  expect(await open(work, { ref: 'main' }).read('a.txt')).toBe('later')
})

test('a commit that the clone lacks is fetched; a shallow clone stays shallow and a full one full', async () => {
  const { work, remote, sha } = await clone({})
  const [full, shallow] = [join(work, '../full'), join(work, '../shallow')]
  for (const [to, ...flags] of [[full], [shallow, '--depth=1']] as const)
    real(work, 'clone', '-q', '--single-branch', '--branch=change', ...flags, `file://${remote}`, to)
  real(work, 'switch', '-q', 'main')
  const next = await commit(work, { 'a.txt': 'next' })
  real(work, 'push', '-q', 'origin', 'main')
  for (const to of [full, shallow]) {
    expect(await open(to, { ref: 'main', sha: next }).read('a.txt')).toBe('next')
    expect(real(to, 'rev-parse', '--is-shallow-repository')).toBe(String(to === shallow))
  }
  expect(await open(shallow, { ref: 'main', sha }).read('a.txt')).toBe('a')
  expect(real(full, 'rev-list', '--count', next)).toBe('2')
})

test('a base branch that is not there, or cannot be reached, is an error and no absent file', async () => {
  const { work } = await clone({})
  await expect(open(work, { ref: 'gone' }).read('a.txt')).rejects.toThrow(OutsideError)
  await expect(open(work, { ref: 'main', sha: 'a'.repeat(40) }).read('a.txt')).rejects.toThrow(OutsideError)
  await expect(openBaseBranch({ context: {}, workspace: work, variables: {} }, 'gone')?.read('a.txt')).rejects.toThrow(
    UserError,
  )
})

test('a private repository is read with the job’s token, and who lacks the right is told which', async () => {
  const { work } = await clone({})
  const seen: (string | undefined)[] = []
  const server = createServer(({ headers }, response) => {
    seen.push(headers.authorization)
    response.writeHead(403).end('no')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const serverUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  real(work, 'remote', 'set-url', 'origin', `${serverUrl}/acme/tiny`)
  const forge = { kind: 'github', apiUrl: '', serverUrl, repository: 'acme/tiny', token: 'hush' } as const
  const branch = openBaseBranch({ context: { base: { ref: 'main' }, forge }, workspace: work, variables: {} })
  const error = await branch?.read('a.txt').catch((thrown: unknown) => thrown)
  server.close()
  expect(seen[0]).toBe(`basic ${Buffer.from('x-access-token:hush').toString('base64')}`)
  expect(String(error)).toMatch(/permissions: \{ contents: read \}/)
})

const block = {
  name: 'train',
  failOn: 'inconclusive',
  settings: z.object({ run: z.string().optional().meta({ description: 'The command.' }) }),
} as const
const own = { config: 'headgate.yml', model: 'm' }

test('settings are the base branch’s; only an absent file or an absent model leaves them open', async () => {
  const settingsAt = async (files: Readonly<Record<string, string>>, config = 'headgate.yml') => {
    const { work } = await clone(files)
    return open(work, { ref: 'main' }, { PLACE: 'there' }).settings(block, { ...own, config })
  }
  const file = (text: string) => ({ 'headgate.yml': text })
  const good = file('models: { m: { train: { run: x, fail-on: warn } } }')
  expect(await settingsAt(good)).toMatchObject({ settings: { run: 'x', failOn: 'warn', config: 'headgate.yml' } })
  expect(await settingsAt(good, './headgate.yml')).toMatchObject({ settings: { run: 'x' } })
  expect(await settingsAt(good, 'other.yml')).toMatchObject({ settings: { run: 'x', config: 'headgate.yml' } })
  expect(await settingsAt({})).toEqual({ settings: undefined, reason: 'main has no headgate.yml.' })
  expect(await settingsAt(file('models: { other: {} }'))).toEqual({
    settings: undefined,
    reason: 'headgate.yml of main does not describe m.',
  })
  for (const broken of ['models: [', 'models: { m: { train: { rnu: x } } }', 'models: { m: { train: { run: 3 } } }']) {
    const error = await settingsAt(file(broken)).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(UserError)
    expect(String(error)).toMatch(/what main says holds here.*Mend it on main first[\s\S]*main:headgate\.yml/)
  }
})

test.each([
  ['never', undefined, 'never'],
  ['never', 'warn', 'warn'],
  ['warn', 'never', 'warn'],
  ['inconclusive', 'fail', 'inconclusive'],
] as const)('where main fails on %s, a run that fails on %s fails on %s', async (based, wanted, holds) => {
  const { work } = await clone({ 'headgate.yml': `models: { m: { fail-on: ${based} } }` })
  const runner = { context: { base: { ref: 'main' } }, workspace: work, variables: {}, input: () => undefined }
  const failOn = wanted ?? based
  expect(await holdCommon(block, { ...common, failOn }, runner)).toEqual({ failOn: holds, dryRun: false })
})

const common = {
  ...own,
  workFolder: '',
  failOn: 'inconclusive',
  dryRun: false,
  logLevel: 'info',
  comment: true,
  handOver: 'off',
} as const

test('a dry run is the base branch’s word or a flag’s, and not the change’s', async () => {
  const { work } = await clone({ 'headgate.yml': 'models: { m: {} }' })
  const runner = { context: { base: { ref: 'main' } }, workspace: work, variables: {} }
  const hold = (given: string | undefined) =>
    holdCommon(block, { ...common, dryRun: true }, { ...runner, input: (name) => (name === 'dry-run' ? given : '') })
  expect((await hold(undefined)).dryRun).toBe(false)
  expect((await hold('true')).dryRun).toBe(true)
})

test('without a base, or where the base does not know the model, the run’s own word holds', async () => {
  const { work } = await clone({ 'headgate.yml': 'models: { other: { fail-on: warn } }' })
  const runner = { workspace: work, variables: {}, input: () => undefined }
  for (const context of [{}, { base: { ref: 'main' } }])
    expect(await holdCommon(block, { ...common, failOn: 'never' }, { ...runner, context })).toMatchObject({
      failOn: 'never',
    })
})
