// Bundles the actions with ncc from the emitted JavaScript: `node scripts/bundle.ts [stage …]`. What did not change
// since the last time is left alone: the digest of its inputs stands beside it.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, globSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { stageNames } from '@headgate/core'

interface Bundle {
  readonly name: string
  readonly entry: string
  readonly into: string
}

const root = join(import.meta.dirname, '..')
const bundles: readonly Bundle[] = [
  ...stageNames.map((name) => ({ name, entry: `actions/${name}/build/main.js`, into: `actions/${name}/dist` })),
  { name: 'deploy-front', entry: 'actions/deploy/build/front.js', into: 'actions/deploy/dist/front' },
  { name: 'pipeline', entry: 'apps/pipeline/build/main.js', into: 'dist' },
  { name: 'pipeline-front', entry: 'actions/deploy/build/front.js', into: 'dist/front' },
]

/** What a bundle is made of: all emitted code and the lock. */
function inputsDigest(): string {
  const hash = createHash('sha256')
  const files = globSync('{packages,actions,apps}/*/build/**/*.js', { cwd: root }).sort()
  for (const file of ['package-lock.json', 'scripts/bundle.ts', ...files])
    hash.update(file).update(readFileSync(join(root, file)))
  return hash.digest('hex')
}

function bundle({ name, entry, into }: Bundle, digest: string): boolean {
  const mark = join(root, into, 'inputs.sha256')
  if (existsSync(mark) && readFileSync(mark, 'utf8') === digest) {
    console.log(`${name}: unchanged`)
    return true
  }
  for (const file of ['index.js', 'package.json']) rmSync(join(root, into, file), { force: true })
  const args = [
    'build',
    join(root, entry),
    '-o',
    join(root, into),
    '--license',
    'licenses.txt',
    '-e',
    '@duckdb/node-api',
  ]
  const { status, stdout, stderr } = spawnSync('ncc', args, { cwd: root, encoding: 'utf8' })
  if (status !== 0) {
    console.error(`${name}: ncc failed\n${stdout}\n${stderr}`)
    return false
  }
  writeFileSync(mark, digest)
  console.log(`${name}: ${(readFileSync(join(root, into, 'index.js')).length / 1e6).toFixed(2)} MB`)
  return true
}

const asked = process.argv.slice(2)
const digest = inputsDigest()
const chosen = bundles.filter(
  ({ name }) => asked.length === 0 || asked.some((one) => name === one || name.startsWith(`${one}-`)),
)
process.exitCode = chosen.map((one) => bundle(one, digest)).every(Boolean) ? 0 : 1
