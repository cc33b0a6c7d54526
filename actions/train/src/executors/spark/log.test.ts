import { appendFileSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { OutsideError } from '@headgate/core'
import { expect, test } from 'vitest'
import { logFollower } from './log.ts'

function scene() {
  const file = join(mkdtempSync(join(tmpdir(), 'log-')), 'log')
  const follow = logFollower()
  const lines: string[] = []
  const look = (seen: number, hasEnded: () => Promise<boolean>, signal = new AbortController().signal) =>
    follow({ file, seen, onLine: (line) => lines.push(line), signal, hasEnded })
  return { file, lines, look, write: (text: string | Buffer) => appendFileSync(file, text) }
}

test('lines come as they are written, a character that is cut in two whole, and the last without a break', async () => {
  const { lines, look, write } = scene()
  const parts = [Buffer.from('a\nZ'), Buffer.from('ü').subarray(0, 1), Buffer.from('ü').subarray(1), '\nend']
  await look(0, async () => {
    const part = parts.shift()
    if (part !== undefined) write(part)
    return part === undefined
  })
  expect(lines).toEqual(['a', 'Zü', 'end'])
})

test('what is written is handed over also while nobody can tell whether more comes, and then not again', async () => {
  const { lines, look, write } = scene()
  const away = new OutsideError({ tried: 'Asked.', state: 'No answer.', next: 'Wait.' })
  write('1\n2\nhal')
  await expect(look(0, () => Promise.reject(away))).rejects.toThrow(away)
  expect(lines).toEqual(['1', '2'])
  write('f\n3\n')
  await expect(look(2, () => Promise.reject(away))).rejects.toThrow(away)
  await look(4, async () => true)
  expect(lines).toEqual(['1', '2', 'half', '3'])
})

test('another client begins where it is told to', async () => {
  const { file, write } = scene()
  write('1\n2\n3\n4\n')
  const rest: string[] = []
  const signal = new AbortController().signal
  await logFollower()({ file, seen: 2, onLine: (line) => rest.push(line), signal, hasEnded: async () => true })
  expect(rest).toEqual(['3', '4'])
})

test('it ends when nobody wants more', async () => {
  const { look, write, lines } = scene()
  const controller = new AbortController()
  write('1\n')
  await look(
    0,
    async () => {
      controller.abort()
      return false
    },
    controller.signal,
  )
  expect(lines).toEqual(['1'])
})
