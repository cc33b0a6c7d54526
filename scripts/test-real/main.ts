// Tests each real system after the other, Kubernetes last: it is built meanwhile. Says what it started, and ends it by
// its ids, also after a failure or an interruption.
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, globSync, openSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { endGroup } from '@headgate/systems'
import { makeRunFolder, runVariable } from '../../test/real/folders.ts'
import { endRun } from '../../test/real/leftovers.ts'
import { readAsked } from '../asked.ts'
import { countTests, type Totals } from './count.ts'

const root = join(import.meta.dirname, '../..')
const found = globSync('*/*.test.ts', { cwd: join(root, 'test/real') }).map(dirname)
const known = [...new Set(found)].sort()
/** What takes minutes to build the first time, and is built while the others are tested. */
const builds: Readonly<Record<string, string>> = { kubernetes: 'test/real/kubernetes/build.ts' }

const { names: asked, flags } = readAsked(known, 'test/real')

const folder = makeRunFolder()
process.env[runVariable] = folder

/** For a CI that ends a job by the clock: what is not tested by then is skipped, and says so. */
const minutes = Number(process.env.HEADGATE_REAL_MINUTES || Number.POSITIVE_INFINITY)
if (!(minutes > 0)) {
  console.error(`HEADGATE_REAL_MINUTES is ${process.env.HEADGATE_REAL_MINUTES}, and has to be a number above 0.`)
  process.exit(2)
}
const deadline = performance.now() + minutes * 60_000
const isLate = (): boolean => performance.now() >= deadline

const children = new Set<ChildProcess>()
let interruption: NodeJS.Signals | undefined
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(signal, () => {
    if (interruption !== undefined) return
    interruption = signal
    console.log(`\n${signal}: ending what was started …`)
    endChildren()
  })

function endChildren(): void {
  for (const child of children) void endGroup(child.pid ?? 0, 10_000)
}

/** Waits for `work`, but not beyond the time that there is. */
async function untilLate(work: Promise<unknown> | undefined): Promise<void> {
  if (!Number.isFinite(deadline)) return void (await work)
  const ended = new AbortController()
  const late = sleep(Math.max(0, deadline - performance.now()), undefined, { signal: ended.signal })
  await Promise.race([work, late])
  ended.abort()
  await late.catch(() => undefined)
}

/** In a group of its own, so that it ends whole. @returns its exit code. */
async function run(command: string, args: readonly string[], output: 'inherit' | number): Promise<number> {
  const child = spawn(command, args, { cwd: root, detached: true, stdio: ['ignore', output, output] })
  children.add(child)
  const code = await new Promise<number>((resolve) => {
    child.once('error', () => resolve(1))
    child.once('close', (value, signal) => {
      if (signal !== null && interruption === undefined) console.error(`${command}, pid ${child.pid}, got ${signal}`)
      resolve(value ?? 1)
    })
  })
  children.delete(child)
  return code
}

async function build(system: string, script: string): Promise<void> {
  const log = join(folder, `${system}-build.log`)
  const started = Date.now()
  console.log(`== ${system}: looked for in the cache, else built in the background, log ${log}`)
  const code = await run('node', ['--conditions=source', script], openSync(log, 'a'))
  const took = `${((Date.now() - started) / 1000).toFixed(1)} s`
  if (code === 0) console.log(`== ${system}: built, or found, after ${took}`)
  else if (interruption === undefined)
    console.error(`== ${system}: not built: ${readFileSync(log, 'utf8').slice(-2000)}`)
}

async function testSystem(system: string): Promise<Totals> {
  const started = Date.now()
  console.log(`\n== ${system}`)
  if (isLate()) return skipLate(system)
  const report = join(folder, `${system}.json`)
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
  const filter = `test/real/${system}/`
  const testing = run('vitest', ['run', '--project', 'real', filter, ...reporters, ...flags], 'inherit')
  await untilLate(testing)
  if (isLate()) endChildren()
  const code = await testing
  if (isLate() && code !== 0) return skipLate(system)
  const totals = countTests(existsSync(report) ? readFileSync(report, 'utf8') : '', code)
  const seconds = ((Date.now() - started) / 1000).toFixed(1)
  console.log(`== ${system}: ${code === 0 ? 'done' : 'failed'} in ${seconds} s`)
  return totals
}

function skipLate(system: string): Totals {
  console.warn(`${system} is skipped: the ${minutes} minutes of HEADGATE_REAL_MINUTES are over`)
  return { passed: 0, failed: 0, skipped: 1 }
}

async function main(systems: readonly string[]): Promise<number> {
  const slow = systems.filter((system) => system in builds)
  const built = new Map(slow.map((system) => [system, build(system, builds[system] ?? '')]))
  const totals = { passed: 0, failed: 0, skipped: 0 }
  for (const system of [...systems.filter((one) => !built.has(one)), ...slow]) {
    await untilLate(built.get(system))
    if (interruption !== undefined) break
    const { passed, failed, skipped } = await testSystem(system)
    totals.passed += passed
    totals.failed += failed
    totals.skipped += skipped
  }
  if (isLate()) endChildren()
  await Promise.all(built.values())
  const left = await endRun(folder, interruption === undefined ? 10_000 : 0)
  if (left.length > 0) console.error(`\nStill ran, and was ended:\n${left.join('\n')}`)
  if (left.length > 0 && interruption === undefined && !isLate()) totals.failed += 1
  if (interruption !== undefined) return interruption === 'SIGINT' ? 130 : 143
  console.log(`\n${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`)
  return totals.failed === 0 ? 0 : 1
}

process.exitCode = await main(asked)
