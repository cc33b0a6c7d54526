import { spawn } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, symlink, utimes, writeFile } from 'node:fs/promises'
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
  replaceAtomically,
  sweepPartials,
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

test('a name that is not UTF-8 is refused, one that only looks so is not', async () => {
  const root = await folder()
  await writeFile(join(root, 'odd\ufffd'), '')
  expect((await digestTree(root)).files).toMatchObject([{ path: 'odd\ufffd' }])
  await writeFile(Buffer.concat([Buffer.from(join(root, 'a')), Buffer.from([0xff, 0xfe])]), '')
  await expect(digestTree(root)).rejects.toThrow('has a name that is not UTF-8')
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

const writing = (path: string) => `
  const { replaceAtomically } = await import(${JSON.stringify(join(import.meta.dirname, 'write.ts'))})
  const { writeFile } = await import('node:fs/promises')
  await replaceAtomically(${JSON.stringify(path)}, async (temporary) => {
    await writeFile(temporary, 'half')
    process.stdout.write('.')
    await new Promise((resolve) => setTimeout(resolve, 60_000))
  })`

/** A process that has begun to write a file, and stays there. */
async function startWriter(path: string) {
  const args = ['--conditions=source', '--input-type=module', '-e', writing(path)]
  const writer = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  await new Promise((resolve) => writer.stdout.once('data', resolve))
  const kill = () => {
    const ended = new Promise((resolve) => writer.once('exit', resolve))
    writer.kill('SIGKILL')
    return ended
  }
  return { pid: writer.pid, kill }
}

test('what killed writers left is swept, what others write is not', async () => {
  const at = await folder()
  await mkdir(join(at, 'reports'))
  const [dead, deeper, alive] = [
    await startWriter(join(at, 'a.json')),
    await startWriter(join(at, 'reports/b.json')),
    await startWriter(join(at, 'c.json')),
  ]
  try {
    await Promise.all([dead.kill(), deeper.kill()])
    expect(await listTree(at)).toHaveLength(3)
    const living = (await listTree(at)).find((path) => path.includes(`-${alive.pid}-`)) ?? ''
    await writeFile(join(at, '.mine.partial'), 'a user’s own')
    await replaceAtomically(join(at, 'd.json'), async (temporary) => {
      await writeFile(temporary, 'whole')
      expect(await sweepPartials(at)).toBe(2)
    })
    expect(await listTree(at)).toEqual([living, '.mine.partial', 'd.json'].sort())
  } finally {
    await alive.kill()
  }
  expect(await sweepPartials(at)).toBe(1)
  expect(await sweepPartials(join(at, 'absent'))).toBe(0)
})

test('what another machine writes in a shared folder is swept once nobody has written it for a day', async () => {
  const at = await folder()
  const partial = join(at, '.model.bin.00c0ffee-1-0123456789ab.partial')
  await writeFile(partial, 'half')
  expect(await sweepPartials(at)).toBe(0)
  const before = new Date(Date.now() - 25 * 3_600_000)
  await utimes(partial, before, before)
  expect(await sweepPartials(at)).toBe(1)
})

test('an absent document is not an error, an unreadable one is', async () => {
  const at = await folder()
  expect(await readDocument('training', at)).toBeUndefined()
  await writeFile(join(at, 'training.json'), '{"schema": "headgate/training@9"}')
  await expect(readDocument('training', at)).rejects.toThrow(/headgate\/training@1, found headgate\/training@9/)
})
