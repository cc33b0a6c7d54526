import { z } from 'zod'

export interface Totals {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

const report = z.object({
  numPassedTests: z.int(),
  numFailedTests: z.int(),
  numPendingTests: z.int(),
  numTodoTests: z.int(),
})

/** The tests of one vitest run. One that failed without a failed test (a hook, a crash, no report) counts as one. */
export function countTests(text: string, exitCode: number): Totals {
  if (text === '') return { passed: 0, failed: 1, skipped: 0 }
  const counted = report.parse(JSON.parse(text))
  const failed = exitCode === 0 ? counted.numFailedTests : Math.max(1, counted.numFailedTests)
  return { passed: counted.numPassedTests, failed, skipped: counted.numPendingTests + counted.numTodoTests }
}
