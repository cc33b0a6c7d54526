// What measurements stand under, and what they measure.
import { existsSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { join } from 'node:path'

/** The built command. Ends the measurement where it is not built: from source it would start slower. */
export function command(): string {
  const cli = join(import.meta.dirname, '../apps/cli')
  if (existsSync(join(cli, 'dist/index.js'))) return join(cli, 'bin/headgate.js')
  console.error('The command is not built: run `npm run build` first.')
  process.exit(2)
}

/** How many processes wanted to run during the last minute. */
export function loadNow(): number {
  return loadavg()[0] ?? Number.NaN
}

/** The machine in words, with its load before the measurement and now. */
export function machine(before: number): string {
  const processors = cpus()
  return (
    `Node ${process.version}, ${process.platform} ${process.arch}, ${processors.length} × ${processors[0]?.model.trim()}; ` +
    `load ${before.toFixed(1)} before and ${loadNow().toFixed(1)} after.`
  )
}

/** The middle value; of an even number, the mean of the middle two. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length / 2
  return ((sorted[Math.ceil(middle) - 1] ?? Number.NaN) + (sorted[Math.floor(middle)] ?? Number.NaN)) / 2
}
