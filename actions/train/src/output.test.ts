import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openOutput, readOutput, swapOutput } from './output.ts'

const work = (): string => mkdtempSync(join(tmpdir(), 'train-output-'))

test('of several trainings that end at once each puts its output in place as a whole, and nothing else stays', async () => {
  const folder = work()
  mkdirSync(join(folder, 'output'))
  const ids = ['a', 'b', 'c', 'd']
  const outputs = await Promise.all(ids.map((id) => openOutput(folder, id)))
  for (const [index, output] of outputs.entries()) {
    for (const name of ['x', 'y']) writeFileSync(join(output, name), ids[index] ?? '')
  }
  await Promise.all(outputs.map((output, index) => swapOutput(folder, output, ids[index] ?? '')))
  expect(readdirSync(folder)).toEqual(['output'])
  const [x, y] = ['x', 'y'].map((name) => readFileSync(join(folder, 'output', name), 'utf8'))
  expect(ids).toContain(x)
  expect(y).toBe(x)
})

test.each([
  ['away', () => undefined],
  ['and put a link there', (output: string) => symlinkSync('/etc', output)],
  ['and put a file there', (output: string) => writeFileSync(output, '')],
])('a training that took its output folder %s fails, and nothing of elsewhere is told', async (_, replace) => {
  const output = await openOutput(work(), 'a')
  rmSync(output, { recursive: true })
  replace(output)
  await expect(readOutput(output)).rejects.toThrow('removed the folder that HEADGATE_OUTPUT names')
  await expect(readOutput(output)).rejects.not.toThrow('passwd')
})
