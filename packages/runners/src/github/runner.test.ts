import { spawnSync } from 'node:child_process'
import type { Annotation } from '@headgate/core'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Log } from '../port.ts'
import { githubRunner } from './runner.ts'

let printed: string
beforeEach(() => {
  printed = ''
  vi.spyOn(process.stdout, 'write').mockImplementation((part) => {
    printed += String(part)
    return true
  })
})
afterEach(() => vi.restoreAllMocks())

const runner = githubRunner({})

interface Command {
  readonly name: string
  readonly data: string
}

// .NET's Char.IsWhiteSpace, which Trim() goes by.
const trimmed = /^[\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/

/**
 * The commands that a runner reads out of a log, which are those of ActionCommand.cs in actions/runner: `::name …::` at
 * the beginning of a line after white space, else `##[name …]` wherever it stands; and none but the resuming one while
 * they are stopped.
 */
function commandsIn(log: string): Command[] {
  const found: Command[] = []
  let stopped: string | undefined
  for (const line of log.split(/\r\n|\r|\n/)) {
    const [, name, data = ''] =
      /^::([^ :]+)(?: .*?)?::(.*)$/.exec(line.replace(trimmed, '')) ?? /##\[([^ \]]+)[^\]]*\](.*)/.exec(line) ?? []
    if (name === undefined) continue
    if (stopped === undefined) found.push({ name, data })
    if (name === stopped) stopped = undefined
    else if (name === 'stop-commands' && stopped === undefined) stopped = data
  }
  return found.filter(({ name }) => name !== 'stop-commands')
}

const whatPeopleWrite = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc
    .array(
      fc.constantFrom(
        '::',
        ':',
        '##[',
        ']',
        'warning',
        'set-output name=verdict',
        'add-path',
        'a',
        ' ',
        '\n',
        '\r',
        '\u0085',
        '\u00a0',
        '\u2028',
        '\ufeff',
        '\t',
      ),
      { maxLength: 12 },
    )
    .map((parts) => parts.join('')),
)

test.each(['info', 'notice', 'warning', 'error'] as const)('no text that is told as %s is a command', (level) => {
  const { log } = runner
  fc.assert(
    fc.property(whatPeopleWrite, (message) => {
      printed = ''
      log[level](message)
      expect(commandsIn(printed)).toEqual([])
    }),
    { numRuns: 500 },
  )
})

test('the parser of this test finds the commands that there are', () => {
  expect(
    commandsIn('a\n  ::warning file=x::b\nx ##[error]c\n::stop-commands::t\n::error::d\n::t::\n::debug::e'),
  ).toEqual([
    { name: 'warning', data: 'b' },
    { name: 'error', data: 'c' },
    { name: 'debug', data: 'e' },
  ])
})

test('the further lines of a message are seen to be its own', () => {
  runner.log.info('a\n::warning::PWNED')
  expect(printed).toBe('a\n  │ :\u2060:warning::PWNED\n')
})

test('what a user’s code prints is shown as it is, and no command', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(whatPeopleWrite), async (lines) => {
      printed = ''
      await runner.log.quote('Training', async (show) => lines.forEach(show))
      for (const line of lines) expect(printed).toContain(`\n${line}\n`)
      expect(commandsIn(printed)).toEqual([
        { name: 'group', data: 'Training' },
        { name: 'endgroup', data: '' },
      ])
    }),
  )
})

test('what we say in between is obeyed, and a failure ends the quotation', async () => {
  const quoted = runner.log.quote('Training', async (show) => {
    show('::add-path::/evil')
    runner.mask('hidden')
    runner.annotate([{ level: 'error', title: 'Ours', message: 'said' }])
    show('::set-output name=verdict::pass')
    throw new Error('failed')
  })
  await expect(quoted).rejects.toThrow('failed')
  runner.annotate([{ level: 'notice', title: 'Ours', message: 'after' }])
  expect(commandsIn(printed).map(({ name }) => name)).toEqual(['group', 'add-mask', 'error', 'endgroup', 'notice'])
})

test.each(['process.exit(70)', 'setTimeout(() => { throw new Error("a bug") })'])(
  'a process that ends in between lets the next step’s commands be obeyed: %s',
  (end) => {
    const program = `
      const { githubRunner } = await import('./runner.ts')
      await githubRunner({}).log.quote('Training', async (show) => {
        show('::warning::x')
        ${end}
        await new Promise((resolve) => setTimeout(resolve, 1e6))
      })`
    const args = ['--conditions=source', '--input-type=module', '-e', program]
    const { stdout, status } = spawnSync(process.execPath, args, { cwd: import.meta.dirname, encoding: 'utf8' })
    expect(status).not.toBe(0)
    const names = commandsIn(`${stdout}\n::error::of the next step`).map(({ name }) => name)
    expect(names).toEqual(['group', 'error'])
  },
)

function tellAll(log: Log): void {
  for (const level of ['debug', 'info', 'notice', 'warning', 'error'] as const) log[level](`a ${level}`)
}

test.each([
  ['debug', ['Debug: a debug', 'a info', 'a notice', 'Warning: a warning', 'Error: a error']],
  ['info', ['::debug::a debug', 'a info', 'a notice', 'Warning: a warning', 'Error: a error']],
  ['warning', ['::debug::a debug', 'Warning: a warning', 'Error: a error']],
  ['error', ['::debug::a debug', 'Error: a error']],
] as const)('the log level %s holds, and what is less goes to the runner’s own debug log', (level, lines) => {
  tellAll(githubRunner({ 'INPUT_LOG-LEVEL': level }).log)
  expect(printed.trimEnd().split('\n')).toEqual(lines)
  printed = ''
  tellAll(runner.logAt(level))
  expect(printed.trimEnd().split('\n')).toEqual(lines)
})

test('a step shows ten annotations of a level, whichever stages they are of, and says how many more there are', () => {
  const fresh = githubRunner({})
  const annotations = (count: number, level: Annotation['level']): Annotation[] =>
    Array.from({ length: count }, (_, index) => ({ level, title: 'Check', message: `${level} ${index}` }))
  fresh.annotate([...annotations(7, 'error'), ...annotations(2, 'warning')])
  fresh.annotate([...annotations(5, 'error'), ...annotations(2, 'warning')])
  const names = commandsIn(printed).map(({ name }) => name)
  expect([names.filter((name) => name === 'error').length, names.filter((name) => name === 'warning').length]).toEqual([
    10, 4,
  ])
  expect(printed).toContain('… and 2 more in the summary.\n')
})
