// How the real systems' harness starts and ends servers, shown on small ones.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { identifyProcess } from '@headgate/systems'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { countTests } from '../../scripts/test-real/count.ts'
import { makeRunFolder, makeStateFolder, runVariable } from '../real/folders.ts'
import { endRun } from '../real/leftovers.ts'
import { answers, freePorts, type ServerRequest, startServer } from '../real/server.ts'

const before = process.env[runVariable]
const run = makeRunFolder()

beforeAll(() => {
  process.env[runVariable] = run
})
afterAll(async () => {
  if (before === undefined) delete process.env[runVariable]
  else process.env[runVariable] = before
  await endRun(run, 0)
})

function node(code: string, isReady: ServerRequest['isReady']): ServerRequest {
  return { name: 'small', argv: [process.execPath, '-e', code], folder: makeStateFolder('small'), isReady }
}

const onLinux = process.platform === 'linux'
/** Leaves a process behind that is in no group of its parent's, writes its id, and serves. */
const serveWithStray = (port: number): string => `
  const { spawn } = require('child_process')
  const stray = spawn(process.execPath, ['-e', "setInterval(() => {}, 1000)"], { detached: true, stdio: 'ignore' })
  require('fs').writeFileSync('stray', String(stray.pid))
  require('http').createServer((q, s) => s.end()).listen(${port}, '127.0.0.1', () => console.log('listening'))`

test.runIf(onLinux)('a server that ends before it is ready is told with the end of its log', async () => {
  const start = startServer(node('console.log("no licence"); process.exit(1)', async () => false))
  await expect(start).rejects.toThrow(/^small ended\. The end of its log:\nno licence$/)
})

test.runIf(onLinux)('a server that is not ready in time is told, and ended', async () => {
  const request = node(
    'require("fs").writeFileSync("pid", String(process.pid)); setInterval(() => {}, 1000)',
    async () => {
      return false
    },
  )
  await expect(startServer({ ...request, readyWithinMs: 1000 })).rejects.toThrow('small was not ready within 1 s')
  expect(await identifyProcess(Number(readFileSync(join(request.folder, 'pid'), 'utf8')))).toBeUndefined()
})

test.runIf(onLinux)(
  'stopping ends what left the group, and a start after it counts only what was printed since',
  async () => {
    const [port = 0] = await freePorts(1)
    const address = `http://127.0.0.1:${port}`
    const heard: string[] = []
    const request = node(serveWithStray(port), async (printed) => {
      if (await answers(address)) heard.push(printed)
      return printed.includes('listening') && answers(address)
    })
    const server = await startServer(request)
    const strays = [Number(readFileSync(join(request.folder, 'stray'), 'utf8'))]
    await server.kill()
    expect(await answers(address)).toBe(false)
    await server.start()
    strays.push(Number(readFileSync(join(request.folder, 'stray'), 'utf8')))
    expect(heard.at(-1)).toBe('listening\n')
    await server.stop()
    expect(await answers(address)).toBe(false)
    expect(await Promise.all(strays.map(identifyProcess))).toEqual([undefined, undefined])
  },
)

test.runIf(onLinux)('the end of a run names what still ran, and ends it', async () => {
  const [port = 0] = await freePorts(1)
  const server = await startServer(node(serveWithStray(port), () => answers(`http://127.0.0.1:${port}`)))
  const other = makeRunFolder()
  expect(await endRun(other, 0)).toEqual([])
  const left = await endRun(run, 0)
  expect(left.map((line) => line.split(':')[0])).toContain(`pid ${server.identity().pid}`)
  expect(left).toHaveLength(2)
  expect(await answers(`http://127.0.0.1:${port}`)).toBe(false)
  expect([existsSync(run), existsSync(other)]).toEqual([false, false])
})

test('a run without a failed test that ends with an error counts as one that failed', () => {
  const report = JSON.stringify({ numPassedTests: 2, numFailedTests: 0, numPendingTests: 1, numTodoTests: 0 })
  expect(countTests(report, 0)).toEqual({ passed: 2, failed: 0, skipped: 1 })
  expect(countTests(report, 1)).toEqual({ passed: 2, failed: 1, skipped: 1 })
  expect(countTests('', 0)).toEqual({ passed: 0, failed: 1, skipped: 0 })
})
