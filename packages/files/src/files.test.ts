import { spawn } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { UserError } from '@headgate/core'
import { expect, test } from 'vitest'
import {
  confine,
  copyAtomically,
  digestFile,
  digestTree,
  joinAtomically,
  listTree,
  readDocument,
  writeAtomically,
} from './index.ts'

const folder = () => mkdtemp(join(tmpdir(), 'files-'))

test('a file is digested as sha256sum does', async () => {
  const at = await folder()
  await writeFile(join(at, 'a'), 'abc')
  // FIPS 180-2, appendix B.1
  const abc = 'sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'
  expect(await digestFile(join(at, 'a'))).toEqual({ digest: abc, bytes: 3 })
})

test('a tree has the same digest wherever it lies, and another when a file moves', async () => {
  const [one, two, moved] = [await folder(), await folder(), await folder()]
  await writeAtomically(join(one, 'b/x.bin'), 'x')
  await writeAtomically(join(one, 'a.txt'), 'a')
  await writeAtomically(join(two, 'a.txt'), 'a')
  await writeAtomically(join(two, 'b/x.bin'), 'x')
  await writeAtomically(join(moved, 'a.txt'), 'a')
  await writeAtomically(join(moved, 'c/x.bin'), 'x')
  expect(await digestTree(one)).toEqual(await digestTree(two))
  expect((await digestTree(moved)).digest).not.toBe((await digestTree(one)).digest)
  expect(await listTree(one)).toEqual(['a.txt', 'b/x.bin'])
})

test('a link to a file of the folder counts as the file, one that leads outside is refused', async () => {
  const at = await folder()
  await mkdir(join(at, 'in'))
  await writeFile(join(at, 'outside'), 'secret')
  await writeFile(join(at, 'in/file'), 'content')
  await symlink('file', join(at, 'in/link'))
  expect(await listTree(join(at, 'in'))).toEqual(['file', 'link'])
  await symlink('../outside', join(at, 'in/leak'))
  await expect(listTree(join(at, 'in'))).rejects.toThrow(/leads outside/)
})

test.each(['../x', '/etc/passwd', 'a/../../x', '..'])('%s does not leave its folder', (path) => {
  expect(() => confine('/srv/store', path)).toThrow(UserError)
})

test('a path below its folder is kept, however odd', () => {
  expect(confine('/srv/store', 'a/..b/c')).toBe('/srv/store/a/..b/c')
})

test('parts are joined in their order', async () => {
  const at = await folder()
  await writeFile(join(at, '1'), 'one ')
  await writeFile(join(at, '2'), 'two')
  await joinAtomically([join(at, '1'), join(at, '2')], join(at, 'whole'))
  await copyAtomically(join(at, 'whole'), join(at, 'deep/copy'))
  expect(await readFile(join(at, 'deep/copy'), 'utf8')).toBe('one two')
  expect((await readdir(at)).sort()).toEqual(['1', '2', 'deep', 'whole'])
})

test('a reader finds the old content or the new, whenever the writer is killed', async () => {
  const at = await folder()
  const path = join(at, 'document.json')
  const program = `
    const { writeAtomically } = await import(${JSON.stringify(join(import.meta.dirname, 'write.ts'))})
    for (let i = 0; ; i += 1) await writeAtomically(${JSON.stringify(path)}, String(i % 10).repeat(200_000))`
  for (let kill = 0; kill < 10; kill += 1) {
    const writer = spawn(process.execPath, ['--conditions=source', '--input-type=module', '-e', program])
    const ended = new Promise((resolve) => writer.once('exit', resolve))
    await setTimeout(100 + Math.random() * 60)
    writer.kill('SIGKILL')
    await ended
    const content = await readFile(path, 'utf8').catch(() => '')
    expect(content).toMatch(/^(?:(\d)\1{199999})?$/)
  }
})

test('an absent document is not an error, an unreadable one is', async () => {
  const at = await folder()
  expect(await readDocument('training', at)).toBeUndefined()
  await writeFile(join(at, 'training.json'), '{"schema": "headgate/training@9"}')
  await expect(readDocument('training', at)).rejects.toThrow(/headgate\/training@1, found headgate\/training@9/)
})
