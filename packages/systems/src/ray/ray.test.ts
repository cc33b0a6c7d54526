import { execFileSync } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readRayAddress } from './address.ts'
import { writeArchive } from './archive.ts'

test('an address that takes no jobs is refused with the one that does', () => {
  const read = (address: string) => () => readRayAddress('ray: address', address)
  expect(read('ray://head:10001')).toThrow(/http:\/\/head:8265/)
  expect(read('http://head:6379')).toThrow(/8265/)
  expect(read('head:8265')).toThrow(/http:\/\/HOST:8265/)
  expect(read('http://me:pa55word@head:8265')).toThrow(/headers/)
  expect(read('http://me:pa55word@head:8265')).not.toThrow(/pa55word/)
  expect(readRayAddress('ray: address', 'https://proxy.example/ray/')).toBe('https://proxy.example/ray')
})

test('equal content makes equal archives, which others read', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'archive-'))
  const [one, two] = [join(folder, 'one.sh'), join(folder, 'two')]
  writeFileSync(one, '#!/bin/sh\n')
  chmodSync(one, 0o755)
  writeFileSync(two, Buffer.alloc(300_000, 7))
  const entries = [
    { path: 'bin/größe.sh', from: one },
    { path: 'two', from: two },
    { path: 'empty', from: { text: '' } },
  ]
  const first = await writeArchive(join(folder, 'a.zip'), entries)
  utimesSync(two, 0, 0)
  const second = await writeArchive(join(folder, 'b.zip'), entries)
  expect(second).toEqual(first)
  expect(readFileSync(join(folder, 'a.zip'))).toHaveLength(first.bytes)
  const code = `import json, sys, zipfile
z = zipfile.ZipFile(sys.argv[1]); assert z.testzip() is None
print(json.dumps([[i.filename, i.file_size, oct(i.external_attr >> 16)] for i in z.infolist()]))`
  expect(JSON.parse(execFileSync('python3', ['-c', code, join(folder, 'a.zip')], { encoding: 'utf8' }))).toEqual([
    ['bin/größe.sh', 10, '0o100755'],
    ['two', 300_000, '0o100644'],
    ['empty', 0, '0o100644'],
  ])
})
