import { mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { digestOf } from '@headgate/core'
import { expect, test } from 'vitest'
import { unpack } from './result.ts'

const file = (path: string, text: string) => ({ path, bytes: Buffer.byteLength(text), digest: digestOf(text) })

/** The bytes as a connection may bring them: one by one. */
async function* bytesOf(text: string): AsyncGenerator<Buffer> {
  for (const byte of Buffer.from(text)) yield Buffer.of(byte)
}

test('files are cut out of their content, whatever the pieces that it comes in', async () => {
  const into = mkdtempSync(join(tmpdir(), 'unpacked-'))
  await unpack(bytesOf('größeb'), [file('model/größe', 'größe'), file('model/empty', ''), file('b', 'b')], into)
  expect(readFileSync(join(into, 'model/größe'), 'utf8')).toBe('größe')
  expect(readFileSync(join(into, 'model/empty'), 'utf8')).toBe('')
  expect(readFileSync(join(into, 'b'), 'utf8')).toBe('b')
})

test('what is not what the job wrote is refused: other bytes, fewer, or a path that leads out', async () => {
  const into = join(mkdtempSync(join(tmpdir(), 'unpacked-')), 'in')
  await expect(unpack(bytesOf('x'), [file('a', 'a')], into)).rejects.toThrow('a is not what the job wrote')
  await expect(unpack(bytesOf('a'), [file('a', 'ab')], into)).rejects.toThrow('a is not what the job wrote')
  await expect(unpack(bytesOf('a'), [file('../a', 'a')], into)).rejects.toThrow('../a is not what the job wrote')
  expect(readdirSync(join(into, '..'))).toEqual(['in'])
})
