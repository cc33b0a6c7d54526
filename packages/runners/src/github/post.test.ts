import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import { markBegun } from '../post.ts'
import { githubRunner } from './runner.ts'

afterEach(() => vi.unstubAllEnvs())

/** What the runner makes of the file of states: `STATE_<name>`, a later value in place of an earlier one. */
function statesIn(file: string): Record<string, string> {
  const entries = readFileSync(file, 'utf8').matchAll(/^(.+)<<(ghadelimiter_.+)\n([\s\S]*?)\n\2$/gm)
  return Object.fromEntries([...entries].map(([, name, , text]) => [`STATE_${name}`, text ?? '']))
}

test('what a step keeps last is what its post step finds', () => {
  const file = join(mkdtempSync(join(tmpdir(), 'states-')), 'state')
  writeFileSync(file, '')
  vi.stubEnv('GITHUB_STATE', file)
  const runner = githubRunner({})
  expect(runner.kept).toBeUndefined()
  markBegun(runner)
  runner.keep('train', 'first')
  runner.keep('train', '{"schema":"headgate/handle@1"}')
  expect(githubRunner(statesIn(file)).kept).toMatchObject({ train: '{"schema":"headgate/handle@1"}' })
})

test('a variable of a workflow that begins like a state makes no post step of a step', () => {
  expect(githubRunner({ STATE_DIRECTORY: '/var/lib', STATE_train: 'x' }).kept).toBeUndefined()
})
