// Writes everything that follows from the stages' descriptions; with --check it only says what would change.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { generatedFiles } from './generate/files.ts'

const root = join(import.meta.dirname, '..')
const isCheck = process.argv.includes('--check')

const changed: string[] = []
for (const [path, print] of await generatedFiles()) {
  const file = join(root, path)
  const before = existsSync(file) ? readFileSync(file, 'utf8') : ''
  const after = print(before)
  if (before === after) continue
  changed.push(path)
  if (isCheck) continue
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, after)
}

if (changed.length === 0) console.log('Everything generated is up to date.')
else console.log(`${isCheck ? 'Out of date' : 'Written'}:\n${changed.map((path) => `  ${path}`).join('\n')}`)
if (isCheck && changed.length > 0) {
  console.error('Run `npm run generate` and commit what it writes.')
  process.exitCode = 1
}
