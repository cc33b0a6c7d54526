import { Writable } from 'node:stream'
import { expect, test } from 'vitest'
import { runCommand } from './command.ts'

async function play(name: string, ...words: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const said = { stdout: '', stderr: '' }
  const stream = (key: 'stdout' | 'stderr'): Writable =>
    new Writable({
      write: (chunk, _encoding, done) => {
        said[key] += String(chunk)
        done()
      },
    })
  const code = await runCommand(name, words, { stdout: stream('stdout'), stderr: stream('stderr') })
  return { code, ...said }
}

test.each([
  'validate-data',
  'train',
  'evaluate-gate',
  'register-model',
  'deploy',
  'drift-check',
  'rollback',
  'run',
  'report',
  'resolve',
  'download',
  'ledger',
  'schema',
])('%s is in the overview, and has help of its own', async (name) => {
  expect((await play('--help')).stdout).toContain(`\n  ${name} `)
  const { code, stdout } = await play(name, '--help')
  expect([code, stdout.includes(`Usage: headgate ${name}`) || name === 'rollback']).toEqual([0, true])
})

test('a misspelt command and misspelt flags are named with the near ones, all at once', async () => {
  expect(await play('trian')).toMatchObject({ code: 2, stderr: 'there is no command "trian". Did you mean "train"?\n' })
  const { code, stderr } = await play('train', '--modle', 'm', '--timout', '3m', 'word')
  expect(code).toBe(2)
  expect(stderr).toMatch(/--modle\. Did you mean --model\?\n.*--timout\. Did you mean --timeout\?\n/)
})

test('an event that there is not is a mistake, and no event of another kind', async () => {
  expect(await play('run', '--event', 'psuh')).toMatchObject({
    code: 2,
    stdout: '',
    stderr: 'there is no event "psuh". Did you mean "push"?\n',
  })
})
