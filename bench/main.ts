// `npm run bench [-- cold-start|training|mlflow …]`: measures each after the other, and writes `results.md` beside it.
// Needs `npm run build` first. What follows the names goes to each.
import { spawnSync } from 'node:child_process'
import { globSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { readAsked } from '../scripts/asked.ts'

const known = globSync('*/main.ts', { cwd: import.meta.dirname })
  .map(dirname)
  .sort()
const { names, flags } = readAsked(known, 'bench')
for (const name of names) {
  console.log(`\n== ${name}`)
  const script = join(import.meta.dirname, name, 'main.ts')
  const { status } = spawnSync(process.execPath, ['--conditions=source', script, ...flags], { stdio: 'inherit' })
  if (status !== 0) process.exitCode = status ?? 1
}
