import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
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
}

/**
 * Runs every subject once unmeasured, then `runs` times in turn, so that a busy moment of the machine meets them all.
 * @throws Error when a subject fails: a wrong result in no time is no result.
 */
export function measure(subjects: readonly Subject[], runs: number): Measurement[] {
  const home = mkdtempSync(join(tmpdir(), 'headgate-bench-home-'))
  try {
    const times = subjects.map((): number[] => [])
    for (let run = 0; run <= runs; run += 1)
      for (const [index, subject] of subjects.entries()) {
        const took = timeOf(subject, home)
        if (run > 0) times[index]?.push(took)
      }
    return subjects.map((subject, index) => ({ subject, times: times[index] ?? [] }))
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
}

function timeOf({ name, argv, environment }: Subject, home: string): number {
  const folder = mkdtempSync(join(tmpdir(), 'headgate-bench-'))
  try {
    writeRows(folder)
    const [command = '', ...words] = argv
    const env = { PATH: process.env.PATH, HOME: home, DO_NOT_TRACK: '1', GX_ANALYTICS_ENABLED: 'false', ...environment }
    const started = performance.now()
    const { status, stderr, error } = spawnSync(command, words, { cwd: folder, env, encoding: 'utf8' })
    const took = performance.now() - started
    if (status !== 0) throw new Error(`${name} failed: ${error?.message ?? stderr}`)
    return took
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

export function median(times: readonly number[]): number {
  const sorted = times.toSorted((a, b) => a - b)
  const middle = sorted.length / 2
  return ((sorted[Math.ceil(middle) - 1] ?? Number.NaN) + (sorted[Math.floor(middle)] ?? Number.NaN)) / 2
}
