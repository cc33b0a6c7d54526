import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Interruption, UserError } from '@headgate/core'
import { expect, test } from 'vitest'
import { endProcessGroup, identifyProcess, isRunning } from './group.ts'
import { commandText, type ProcessRequest, runProcess } from './run.ts'
import { isPortTaken, lastLinesOf, readService, startService } from './service.ts'
import { splitWords } from './words.ts'

const folder = mkdtempSync(join(tmpdir(), 'process-'))

function node(code: string, more: Partial<ProcessRequest> = {}): ReturnType<typeof runProcess> {
  return runProcess({ argv: [process.execPath, '-e', code], cwd: folder, environment: {}, graceMs: 300, ...more })
}

/** Not so for one that has ended and that nobody has collected yet. */
async function isAlive(pid: number): Promise<boolean> {
  return (await identifyProcess(pid)) !== undefined
}

test('exit code and both streams come back, line by line', async () => {
  const lines: string[] = []
  const result = await node(
    'console.log("one"); console.error("two"); process.stdout.write("rest"); process.exitCode = 3',
    {
      onLine: (stream, line) => lines.push(`${stream}: ${line}`),
    },
  )
  expect(result).toMatchObject({ exitCode: 3, signal: null, timedOut: false, outOfMemory: false })
  expect(lines.sort()).toEqual(['stderr: two', 'stdout: one', 'stdout: rest'])
  expect([...result.lastLines].sort()).toEqual(['one', 'rest', 'two'])
})

test('nothing of this environment reaches the command, and no shell reads its words', async () => {
  process.env.PROCESS_TEST_LEAK = 'leak'
  const lines: string[] = []
  await runProcess({
    argv: [process.execPath, '-e', 'console.log(process.env.PROCESS_TEST_LEAK, process.argv[1])', '$HOME; `id` *'],
    cwd: folder,
    environment: {},
    onLine: (_, line) => lines.push(line),
  })
  expect(lines).toEqual(['undefined $HOME; `id` *'])
})

test('a shell reads the command where asked to', async () => {
  const lines: string[] = []
  await runProcess({
    argv: ['echo $NAME | tr a-z A-Z'],
    shell: true,
    cwd: folder,
    environment: { NAME: 'ada', PATH: '/usr/bin:/bin' },
    onLine: (_, line) => lines.push(line),
  })
  expect(lines).toEqual(['ADA'])
})

test('a line of 10 MB arrives whole', async () => {
  const lengths: number[] = []
  const result = await node('process.stdout.write("é".repeat(5_000_000) + "\\nend\\n")', {
    onLine: (_, line) => lengths.push(Buffer.byteLength(line)),
  })
  expect(lengths).toEqual([10_000_000, 3])
  expect(result.lastLines[0]?.length).toBeLessThan(3000)
})

test('a character split over two chunks is put together again', async () => {
  const lines: string[] = []
  const code = `const b = Buffer.from('Zürich 🛫\\n'); process.stdout.write(b.subarray(0, 2));
    setTimeout(() => process.stdout.write(b.subarray(2, 10)), 60); setTimeout(() => process.stdout.write(b.subarray(10)), 120)`
  await node(code, { onLine: (_, line) => lines.push(line) })
  expect(lines).toEqual(['Zürich 🛫'])
})

test('of a redrawn line the last state counts', async () => {
  const lines: string[] = []
  await node('process.stdout.write("10%\\r50%\\r100%\\nnext\\r\\n")', { onLine: (_, line) => lines.push(line) })
  expect(lines).toEqual(['100%', 'next'])
})

test('secrets are hidden as they are, in base64 at any offset, URL-encoded and in JSON', async () => {
  const secret = 'p@ss "wörd"/42+'
  const code = `const s = process.env.S; const b = (t) => Buffer.from(t).toString('base64')
    for (const t of [s, encodeURIComponent(s), JSON.stringify(s), b(s), b('a' + s + 'z'), b('user:' + s + '!'),
      b('four' + s), Buffer.from('xy' + s).toString('base64url')]) console.log('<' + t + '>')`
  const lines: string[] = []
  await node(code, { environment: { S: secret }, secrets: [secret], onLine: (_, line) => lines.push(line) })
  expect(lines).toHaveLength(8)
  for (const line of lines) expect(line).toContain('***')
  const shown = lines.join('\n')
  expect(shown).not.toContain('ss "w')
  for (const run of shown.match(/[A-Za-z0-9+/_-]{8,}/g) ?? [])
    expect(Buffer.from(run, 'base64').toString()).not.toMatch(/p@ss|rd"\/42/)
})

test('the lines of a key are hidden each, and short lines of it hide nothing else', async () => {
  const lines: string[] = []
  await node('console.log(process.env.S); console.log("a } b")', {
    environment: { S: '{\nMIIEvQIBADANBg\n}' },
    secrets: ['{\nMIIEvQIBADANBg\n}'],
    onLine: (_, line) => lines.push(line),
  })
  expect(lines).toEqual(['{', '***', '}', 'a } b'])
})

test('at the timeout the whole group ends, also a child that ignores SIGTERM', async () => {
  const pidFile = join(folder, 'grandchild')
  const child = `process.on('SIGTERM', () => {}); require('fs').writeFileSync(${JSON.stringify(pidFile)}, String(process.pid)); setInterval(() => {}, 1000)`
  const code = `require('child_process').spawn(process.execPath, ['-e', ${JSON.stringify(child)}], { stdio: 'inherit' }); setInterval(() => {}, 1000)`
  const result = await node(code, { timeoutMs: 1500 })
  expect(result).toMatchObject({ exitCode: null, timedOut: true })
  expect(await isAlive(Number(readFileSync(pidFile, 'utf8')))).toBe(false)
})

test('what a command leaves behind ends with it', async () => {
  const pidFile = join(folder, 'left-behind')
  const child = `require('fs').writeFileSync(${JSON.stringify(pidFile)}, String(process.pid)); setInterval(() => {}, 1000); console.log('ready')`
  const code = `const c = require('child_process').spawn(process.execPath, ['-e', ${JSON.stringify(child)}], { stdio: ['ignore', 'pipe', 'inherit'] });
    c.stdout.once('data', () => process.exit(0))`
  const result = await node(code)
  expect(result.exitCode).toBe(0)
  expect(await isAlive(Number(readFileSync(pidFile, 'utf8')))).toBe(false)
})

test.runIf(process.platform === 'linux')(
  'what left the group ends with it, also when it ignores SIGTERM, and its memory counts',
  async () => {
    const pidFile = join(folder, 'another-session')
    const child = `process.on('SIGTERM', () => {}); global.b = Buffer.alloc(200e6, 1);
    require('fs').writeFileSync(${JSON.stringify(pidFile)}, String(process.pid)); setInterval(() => {}, 1000)`
    const code = `require('child_process').spawn(process.execPath, ['-e', ${JSON.stringify(child)}], { detached: true }); setInterval(() => {}, 1000)`
    const result = await node(code, { timeoutMs: 1500 })
    expect(result.timedOut).toBe(true)
    expect(result.peakMemoryBytes).toBeGreaterThan(200e6)
    expect(await isAlive(Number(readFileSync(pidFile, 'utf8')))).toBe(false)
  },
)

test('a cancelled run ends its group and throws why', async () => {
  const controller = new AbortController()
  let pid = 0
  const run = node('console.log(process.pid); setInterval(() => {}, 1000)', {
    signal: controller.signal,
    onLine: (_, line) => {
      pid = Number(line)
      controller.abort(new Interruption('SIGTERM'))
    },
  })
  await expect(run).rejects.toThrow('Interrupted by SIGTERM.')
  expect(await isAlive(pid)).toBe(false)
})

const onLinux = process.platform === 'linux'

test.runIf(onLinux)('peak memory is that of the group, and a limit ends it', async () => {
  const fill = 'const b = Buffer.alloc(200e6, 1); setTimeout(() => console.log(b[1]), 1500)'
  const result = await node(fill)
  expect(result.peakMemoryBytes).toBeGreaterThan(200e6)
  expect(result.peakMemoryBytes).toBeLessThan(500e6)
  expect(await node(fill, { memoryLimitBytes: 150e6 })).toMatchObject({ outOfMemory: true, timedOut: false })
})

test('a command that is not there is the user’s to mend', async () => {
  const start = (cwd: string) => runProcess({ argv: ['no-such-command'], cwd, environment: {} })
  await expect(start(folder)).rejects.toThrow(
    /^no-such-command could not be started: there is no such command\. Name a program/,
  )
  await expect(start(join(folder, 'none'))).rejects.toThrow(
    `no-such-command could not be started: there is no folder ${join(folder, 'none')} to start it in.`,
  )
})

test.each([
  ['its arguments and environment are too long', { environment: { FILES: 'data/part.csv\n'.repeat(10_000) } }],
  ['there is no such command', { argv: ['./process.test.ts/x'] }],
  ['there is no such command', { argv: ['x'.repeat(300)] }],
  ['hold a NUL character', { environment: { TOKEN: 's3cr3t\0' } }],
])('a command that the system refuses at once is told like any other: %s', async (reason, more) => {
  const request = { argv: [process.execPath, '-e', ''], cwd: import.meta.dirname, environment: {}, ...more }
  const refused: unknown = await runProcess(request).catch((error: unknown) => error)
  expect(refused).toBeInstanceOf(UserError)
  expect(String(refused)).toContain(reason)
  expect(String(refused)).not.toContain('s3cr3t')
})

test('a service outlives its start, is found by its pid file, and ends by its identity only', async () => {
  const pidFile = join(folder, 'service.pid')
  const logFile = join(folder, 'service.log')
  // It chooses its port itself: one that was free a moment ago may be somebody else's by now.
  const code = `const server = require('http').createServer((q, s) => s.end())
    server.listen(0, '127.0.0.1', () => console.log(server.address().port))`
  const argv = [process.execPath, '-e', code]
  const identity = await startService({ argv, cwd: folder, environment: {}, pidFile, logFile })
  while ((await lastLinesOf(logFile, 5)).length === 0) await sleep(20)
  const port = Number((await lastLinesOf(logFile, 5)).join())
  expect(await isPortTaken(port)).toBe(true)
  expect(await readService(pidFile)).toEqual(identity)
  expect(await endProcessGroup({ ...identity, startedAt: 'another time' })).toBe(false)
  expect(await isRunning(identity)).toBe(true)
  expect(await endProcessGroup(identity)).toBe(true)
  expect(await isRunning(identity)).toBe(false)
  expect(await readService(pidFile)).toBeUndefined()
  expect(await isPortTaken(port)).toBe(false)
})

test('a process whose first thread has ended still runs in the others, and holds what it holds', async () => {
  const code = [
    'import ctypes, socket, threading, time',
    'held = socket.create_server(("127.0.0.1", 0))',
    'threading.Thread(target=time.sleep, args=(60,), daemon=True).start()',
    'print(held.getsockname()[1], flush=True)',
    'ctypes.CDLL(None).pthread_exit(None)',
  ]
  const [pidFile, logFile] = [join(folder, 'threads.pid'), join(folder, 'threads.log')]
  const environment = { PATH: process.env.PATH ?? '' }
  const identity = await startService({
    argv: ['python3', '-c', code.join('\n')],
    cwd: folder,
    environment,
    pidFile,
    logFile,
  })
  const state = (): string | undefined => readFileSync(`/proc/${identity.pid}/stat`, 'utf8').split(') ')[1]?.[0]
  await expect.poll(state, { timeout: 10_000 }).toBe('Z')
  const port = Number((await lastLinesOf(logFile, 1)).join())
  expect([await isRunning(identity), await isPortTaken(port)]).toEqual([true, true])
  expect(await endProcessGroup(identity)).toBe(true)
  expect([await isRunning(identity), await isPortTaken(port)]).toEqual([false, false])
})

test('this process can be identified', async () => {
  expect(await identifyProcess(process.pid)).toEqual(await identifyProcess(process.pid))
})

test('words are split as a POSIX shell would, without expansion', () => {
  expect(splitWords(`python "my train.py" --name='a "b"' a\\ b "" $HOME '*' "\\"q\\" \\n"`)).toEqual([
    'python',
    'my train.py',
    '--name=a "b"',
    'a b',
    '',
    '$HOME',
    '*',
    '"q" \\n',
  ])
  expect(splitWords('python \\\n  train.py\n')).toEqual(['python', 'train.py'])
  expect(() => splitWords('python "train.py')).toThrow('never closed')
  expect(() => splitWords('make data && python train.py')).toThrow('`shell: true`')
  expect(splitWords("grep '|' file")).toEqual(['grep', '|', 'file'])
})

test('a command is shown so that it can be pasted', () => {
  expect(commandText(['python', 'train.py', 'a b', "it's"])).toBe("python train.py 'a b' 'it'\\''s'")
})
