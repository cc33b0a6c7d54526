import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, readFile, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { OutsideError, UserError } from '@headgate/core'
import { expect, test } from 'vitest'
import * as git from './index.ts'

const temporary = () => mkdtemp(join(tmpdir(), 'git-'))

/** A bare remote with one commit, and a clone of it. */
async function cloned() {
  const folder = await temporary()
  const [remote, clone] = [join(folder, 'remote.git'), join(folder, 'clone')]
  execFileSync('git', ['init', '-q', '--bare', '-b', 'main', remote])
  execFileSync('git', ['init', '-q', '-b', 'main', clone])
  await writeFile(join(clone, 'a.txt'), 'a')
  const real = (...args: string[]) => execFileSync('git', args, { cwd: clone, encoding: 'utf8' }).trim()
  real('remote', 'add', 'origin', remote)
  real('add', '.')
  real('-c', 'user.name=T', '-c', 'user.email=t@x', 'commit', '-qm', 'First')
  real('push', '-q', 'origin', 'main')
  return { remote, clone, real, origin: { directory: clone, name: 'origin' } }
}

test('a folder that is no work tree is a mistake of the user', async () => {
  await expect(git.run(await temporary(), ['status'])).rejects.toThrow(UserError)
})

test('a ref that a remote does not have is absent, a remote that is gone is unreachable', async () => {
  const { clone, real, origin } = await cloned()
  expect(await git.listRemote(origin, ['refs/headgate/*'])).toEqual([])
  real('remote', 'add', 'gone', join(clone, '../nowhere.git'))
  await expect(git.listRemote({ directory: clone, name: 'gone' }, ['refs/headgate/*'])).rejects.toThrow(OutsideError)
  expect(await git.remoteUrl(clone, 'upstream')).toBeUndefined()
})

test('a depth cuts off a shallow clone only: a full one stays full', async () => {
  const { remote, clone, real, origin } = await cloned()
  const commit = (message: string) =>
    real('-c', 'user.name=T', '-c', 'user.email=t@x', 'commit', '-qm', message, '--allow-empty')
  commit('Second')
  commit('Third')
  real('push', '-q', 'origin', 'HEAD:refs/heads/other')
  const third = real('rev-parse', 'HEAD')
  const [full, shallow] = [join(clone, '../full'), join(clone, '../shallow')]
  for (const [to, ...flags] of [[full], [shallow, '--depth=1']] as const)
    execFileSync('git', ['clone', '-q', '--single-branch', ...flags, `file://${remote}`, to])
  for (const directory of [full, shallow]) await git.fetchRefs({ ...origin, directory }, [third], 1)
  const lengthIn = (directory: string) => git.run(directory, ['rev-list', '--count', third])
  expect([await lengthIn(full), await git.isShallow(full)]).toEqual(['3', false])
  expect([await lengthIn(shallow), await git.isShallow(shallow)]).toEqual(['1', true])
})

test('a file at a commit is read through links of the tree, and one that leads out is no answer', async () => {
  const { clone, real } = await cloned()
  await mkdir(join(clone, 'deep/er'), { recursive: true })
  await writeFile(join(clone, 'deep/er/ü b.txt'), 'deep')
  await symlink('deep', join(clone, 'way'))
  await symlink('way/er/ü b.txt', join(clone, 'link'))
  await symlink('/etc/passwd', join(clone, 'out'))
  await symlink('nowhere', join(clone, 'dangling'))
  real('add', '.')
  real('-c', 'user.name=T', '-c', 'user.email=t@x', 'commit', '-qm', 'Second')
  const commit = real('rev-parse', 'HEAD')
  const read = async (path: string) => (await git.fileAt(clone, commit, path))?.toString('utf8')
  for (const path of ['deep/er/ü b.txt', 'way/er/ü b.txt', 'link']) expect(await read(path)).toBe('deep')
  for (const path of ['absent', 'a.txt/b', 'deep', '', 'a.txt\nb', '../a.txt']) expect(await read(path)).toBeUndefined()
  for (const path of ['out', 'dangling']) await expect(read(path)).rejects.toThrow(/link that leads out/)
})

test('a commit is what its name says, whatever was put in its place', async () => {
  const { clone, real } = await cloned()
  const honest = real('rev-parse', 'HEAD')
  await writeFile(join(clone, 'a.txt'), 'forged')
  real('-c', 'user.name=T', '-c', 'user.email=t@x', 'commit', '-qam', 'Second')
  real('replace', honest, real('rev-parse', 'HEAD'))
  expect(real('show', `${honest}:a.txt`)).toBe('forged')
  expect((await git.fileAt(clone, honest, 'a.txt'))?.toString()).toBe('a')
})

test('what Git tracks of a folder is found by its name, through links, and as a link itself', async () => {
  const { clone, real } = await cloned()
  const tracked = (path: string) => git.trackedWithin(clone, path)
  expect(await tracked('.work/m')).toEqual([])
  await mkdir(join(clone, 'kept/m'), { recursive: true })
  await writeFile(join(clone, 'kept/m/x.json'), '{}')
  await mkdir(join(clone, 'kept/more'))
  await writeFile(join(clone, 'kept/more/y.json'), '{}')
  await symlink('kept', join(clone, '.work'))
  await symlink('kept/m', join(clone, '.untracked'))
  real('add', 'kept', '.work')
  expect(await tracked('kept/m')).toEqual(['kept/m/x.json'])
  expect(await tracked(join(clone, 'kept/m'))).toEqual(['kept/m/x.json'])
  expect(await tracked('kept/m/later')).toEqual([])
  expect(await tracked('.work/m')).toEqual(['.work', 'kept/m/x.json'])
  expect(await tracked('.work/m/later')).toEqual(['.work'])
  expect(await tracked('.untracked')).toEqual(['kept/m/x.json'])
  expect(await git.trackedWithin(join(clone, 'kept'), 'm')).toEqual(['kept/m/x.json'])
  expect(await tracked(await temporary())).toEqual([])
  expect(await git.trackedWithin(await temporary(), 'm')).toEqual([])
})

test('an annotated tag is made with plumbing as Git itself reads it, with the identity that is configured', async () => {
  const { clone, real, origin } = await cloned()
  real('config', 'user.name', 'Ada')
  real('config', 'user.email', 'ada@example.org')
  const target = real('rev-parse', 'HEAD')
  const at = new Date('2026-01-02T03:04:05Z')
  const object = await git.makeTag(clone, { name: 'm@v0.1.0', target, message: 'Register\n\n# {"a":1}', at })
  expect(await git.push(origin, [{ ref: 'refs/tags/m@v0.1.0', next: object, old: '' }])).toBe('done')
  expect(await git.moveRef(clone, 'refs/tags/m@v0.1.0', object, git.noObject)).toBe(true)
  expect(real('tag', '-l', '--format=%(taggername) %(taggeremail) %(taggerdate:iso-strict) %(contents)')).toBe(
    'Ada <ada@example.org> 2026-01-02T03:04:05+00:00 Register\n\n# {"a":1}',
  )
  const [content] = await git.readObjects(clone, [object])
  expect(git.parseTag(content ?? '')).toEqual({
    target,
    name: 'm@v0.1.0',
    tagger: 'Ada',
    at,
    message: 'Register\n\n# {"a":1}\n',
  })
  expect(real('fsck', '--strict')).toBe('')
  const listed = await git.listRemote(origin, ['refs/tags/m@*'])
  expect(listed).toEqual([{ ref: 'refs/tags/m@v0.1.0', object, peeled: target }])
})

test('a push loses against somebody who was there first, and writes nothing', async () => {
  const { real, origin } = await cloned()
  const first = real('rev-parse', 'HEAD')
  const tree = real('rev-parse', 'HEAD^{tree}')
  const next = await git.commitTree(origin.directory, { tree, parent: first, message: 'Next', at: new Date() })
  const ref = 'refs/heads/main'
  expect(await git.push(origin, [{ ref, next, old: first }])).toBe('done')
  const other = await git.commitTree(origin.directory, { tree, parent: first, message: 'Other', at: new Date() })
  expect(await git.push(origin, [{ ref, next: other, old: first }])).toBe('lost')
  expect(await git.push(origin, [{ ref, next: other, old: '' }])).toBe('lost')
  expect((await git.listRemote(origin, [ref]))[0]?.object).toBe(next)
})

test('a remote that forbids the ref is an error that says so', async () => {
  const { remote, origin, real } = await cloned()
  await writeFile(join(remote, 'hooks/pre-receive'), '#!/bin/sh\necho "GH013: rule violations" >&2\nexit 1\n', {
    mode: 0o755,
  })
  const update = { ref: 'refs/heads/x', next: real('rev-parse', 'HEAD'), old: '' }
  await expect(git.push(origin, [update])).rejects.toThrow(/refused it.*rules of the repository/s)
})

test('files are put into a tree without touching the index or the work tree', async () => {
  const { clone, real } = await cloned()
  const blob = await git.hashObject(clone, 'line\n')
  const tree = await git.treeWith(clone, 'HEAD', new Map([['a/b/2026-01.ndjson', blob]]))
  expect(real('ls-tree', '-r', '--name-only', tree).split('\n')).toEqual(['a.txt', 'a/b/2026-01.ndjson'])
  expect(real('status', '--porcelain')).toBe('')
  expect((await git.show(clone, tree, 'a/b/2026-01.ndjson'))?.toString()).toBe('line\n')
  expect(await git.show(clone, 'HEAD', 'absent')).toBeUndefined()
})

test('a changed, a new and a deleted file each make the work tree dirty, an ignored one does not', async () => {
  const { clone } = await cloned()
  expect(await git.dirtyDigest(clone)).toBeNull()
  await writeFile(join(clone, 'a.txt'), 'b')
  const changed = await git.dirtyDigest(clone)
  await writeFile(join(clone, 'new "name".txt'), 'n')
  const added = await git.dirtyDigest(clone)
  expect(new Set([changed, added, null]).size).toBe(3)
  await writeFile(join(clone, 'a.txt'), 'a')
  expect(await git.dirtyDigest(clone, ['a.txt'])).toBeNull()
  await writeFile(join(clone, '.git/info/exclude'), 'new*\n')
  expect(await git.dirtyDigest(clone)).toBeNull()
  await mkdir(join(clone, 'sub'))
  expect(await git.trackedFiles(clone)).toEqual(['a.txt'])
})

test('the token reaches its server as a header, and neither arguments nor errors show it', async () => {
  const { clone, real } = await cloned()
  const seen: (string | undefined)[] = []
  const server = createServer((request, response) => {
    seen.push(request.headers.authorization)
    response.writeHead(403).end('no')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  real('remote', 'add', 'web', `${url}o/r.git`)
  real('config', `http.${url}.extraheader`, 'AUTHORIZATION: basic stale')
  const remote = { directory: clone, name: 'web', token: { server: url, token: 'hush-hush' } }
  const error = await git.listRemote(remote, ['refs/x']).catch((thrown: unknown) => thrown)
  const written = await git.push(remote, [{ ref: 'refs/x', next: 'HEAD', old: '' }]).catch((thrown: unknown) => thrown)
  server.close()
  expect(error).toBeInstanceOf(UserError)
  expect(String(error)).toContain('contents: read')
  expect(String(written)).toContain('contents: write')
  expect(String(error)).not.toContain('hush')
  expect(seen[0]).toBe(`basic ${Buffer.from('x-access-token:hush-hush').toString('base64')}`)
  expect(await readFile(join(clone, '.git/config'), 'utf8')).not.toContain('hush')
})

test('commits lie behind another, or one of them does not, or is not here', async () => {
  const { clone, real } = await cloned()
  const commit = (message: string) => {
    real('-c', 'user.name=T', '-c', 'user.email=t@x', 'commit', '-qm', message, '--allow-empty')
    return real('rev-parse', 'HEAD')
  }
  const first = real('rev-parse', 'HEAD')
  const second = commit('Second')
  real('checkout', '-q', first)
  const other = commit('Other')
  expect(await git.areAncestors(clone, [first, second], second)).toBe(true)
  expect(await git.areAncestors(clone, [], second)).toBe(true)
  expect(await git.areAncestors(clone, [first, other], second)).toBe(false)
  expect(await git.areAncestors(clone, [second], first)).toBe(false)
  expect(await git.areAncestors(clone, ['f'.repeat(40)], second)).toBe(false)
})
