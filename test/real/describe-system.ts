import { describe } from 'vitest'

/** Why a system cannot be had here, in words for whoever runs the tests; `undefined` when it can. */
export type Missing = string | undefined

/** Tests that use a real system. Where it cannot be had they are skipped, and the reason is printed and in their name. */
export function describeSystem(name: string, missing: Missing, tests: () => void): void {
  if (missing === undefined) return void describe(name, tests)
  console.warn(`${name} is skipped: ${missing}`)
  describe.skip(`${name} (skipped: ${missing})`, tests)
}
