import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'
import { expect, test } from 'vitest'

const module = pathToFileURL(`${import.meta.dirname}/interruption.ts`).href

/** Cleans up for as long as a training is given to end. */
const program = `
const { interruptionSignal } = await import('${module}')
const signal = interruptionSignal()
const alive = setInterval(() => {}, 1000)
signal.addEventListener('abort', () => {
  console.log('cleaning')
  setTimeout(() => { console.log(signal.reason.message); clearInterval(alive) }, 1000)
})
console.log('ready')
`

test('a second signal does not cut off what the first one ends', async () => {
  const child = spawn(process.execPath, ['--conditions=source', '--input-type=module', '-e', program])
  const lines: string[] = []
  const printed = createInterface({ input: child.stdout }).on('line', (line) => lines.push(line))
  await once(printed, 'line')
  child.kill('SIGINT')
  await once(printed, 'line')
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGTERM'] as const) child.kill(signal)
  const [exitCode, signal] = await once(child, 'close')
  expect({ exitCode, signal }).toEqual({ exitCode: 0, signal: null })
  expect(lines).toEqual(['ready', 'cleaning', 'Interrupted by SIGINT.'])
})
