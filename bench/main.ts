// `npm run bench [-- cold-start|training|mlflow …]`: measures each after the other, and writes `results.md` beside it.
// Needs `npm run build` first. What follows the names goes to each.
import { spawnSync } from 'node:child_process'
import { globSync } from 'node:fs'
import { dirname, join } from 'node:path'

const known = globSync('*/main.ts', { cwd: import.meta.dirname })
  .map(dirname)
  .sort()
const words = process.argv.slice(2)
const flagsFrom = words.findIndex((word) => word.startsWith('-'))
const asked = flagsFrom < 0 ? words : words.slice(0, flagsFrom)
const flags = flagsFrom < 0 ? [] : words.slice(flagsFrom)
const unknown = asked.filter((name) => !known.includes(name))
if (unknown.length > 0) {
  console.error(`There is no ${unknown.join(', ')} in bench. There is: ${known.join(', ')}.`)
  process.exit(2)
}
for (const name of asked.length > 0 ? asked : known) {
  console.log(`\n== ${name}`)
  const script = join(import.meta.dirname, name, 'main.ts')
  const { status } = spawnSync(process.execPath, ['--conditions=source', script, ...flags], { stdio: 'inherit' })
  if (status !== 0) process.exitCode = status ?? 1
}
