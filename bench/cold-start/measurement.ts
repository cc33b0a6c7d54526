import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { writeRows } from './rows.ts'

/** A command whose whole process is timed, in a folder of its own with the hundred rows. */
export interface Subject {
  readonly name: string
  readonly argv: readonly string[]
  /** What the row's ratio is to. */
  readonly task: 'start' | 'validate' | 'evaluate'
  /** In milliseconds. */
  readonly target?: number
  readonly environment?: Readonly<Record<string, string>>
}

export interface Measurement {
  readonly subject: Subject
  /** Wall time of each run in milliseconds. */
  readonly times: readonly number[]
  /** Processor time of one run in milliseconds, the mean of all; absent where the system does not tell. */
  readonly processor?: number
}

interface Cost {
  readonly wall: number
  readonly processor: number
}

/**
 * Runs every subject once unmeasured, then `runs` times in turn, so that a busy moment of the machine meets them all.
 * @throws Error when a subject fails: a wrong result in no time is no result.
 */
export function measure(subjects: readonly Subject[], runs: number): Measurement[] {
  const home = mkdtempSync(join(tmpdir(), 'headgate-bench-home-'))
  try {
    const costs = subjects.map((): Cost[] => [])
    for (let run = 0; run <= runs; run += 1)
      for (const [index, subject] of subjects.entries()) {
        const cost = costOf(subject, home)
        if (run > 0) costs[index]?.push(cost)
      }
    return subjects.map((subject, index) => measurementOf(subject, costs[index] ?? []))
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
}

function measurementOf(subject: Subject, costs: readonly Cost[]): Measurement {
  const processor = costs.reduce((sum, cost) => sum + cost.processor, 0) / costs.length
  return { subject, times: costs.map(({ wall }) => wall), ...(Number.isNaN(processor) ? {} : { processor }) }
}

function costOf({ name, argv, environment }: Subject, home: string): Cost {
  const folder = mkdtempSync(join(tmpdir(), 'headgate-bench-'))
  try {
    writeRows(folder)
    const [command = '', ...words] = argv
    const env = { PATH: process.env.PATH, HOME: home, DO_NOT_TRACK: '1', GX_ANALYTICS_ENABLED: 'false', ...environment }
    const [started, spent] = [performance.now(), childrenTime()]
    const { status, stderr, error } = spawnSync(command, words, { cwd: folder, env, encoding: 'utf8' })
    const cost = { wall: performance.now() - started, processor: childrenTime() - spent }
    if (status !== 0) throw new Error(`${name} failed: ${error?.message ?? stderr}`)
    return cost
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/**
 * User and system time of all children that ended, in milliseconds: fields 16 and 17 of proc(5)'s `stat`, which
 * counts hundredths of a second. What rounding takes from one run, it gives to the next.
 */
function childrenTime(): number {
  if (!existsSync('/proc/self/stat')) return Number.NaN
  const fields = readFileSync('/proc/self/stat', 'utf8').split(') ')[1]?.split(' ') ?? []
  return (Number(fields[13]) + Number(fields[14])) * 10
}
