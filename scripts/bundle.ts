// Bundles the actions and the command with ncc from the emitted JavaScript: `node scripts/bundle.ts [stage|headgate …]`.
// What did not change since the last time is left alone: the digest of its inputs stands beside it.
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, globSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { stageNames } from '@headgate/core'

interface Bundle {
  readonly name: string
  readonly entry: string
  readonly into: string
}

const run = promisify(execFile)
const root = join(import.meta.dirname, '..')
const ncc = fileURLToPath(import.meta.resolve('@vercel/ncc/dist/ncc/cli.js'))
const bundles: readonly Bundle[] = [
  ...stageNames.map((name) => ({ name, entry: `actions/${name}/build/main.js`, into: `actions/${name}/dist` })),
  { name: 'deploy-front', entry: 'actions/deploy/build/front.js', into: 'actions/deploy/dist/front' },
  { name: 'pipeline', entry: 'apps/pipeline/build/main.js', into: 'dist' },
  { name: 'pipeline-front', entry: 'actions/deploy/build/front.js', into: 'dist/front' },
  // One file for four hundred: finding and compiling them took a third of a short command's time.
  { name: 'headgate', entry: 'apps/cli/build/main.js', into: 'apps/cli/dist' },
  { name: 'headgate-front', entry: 'actions/deploy/build/front.js', into: 'apps/cli/dist/front' },
]

/** What a bundle is made of: all emitted code and the lock. */
function inputsDigest(): string {
  const hash = createHash('sha256')
  const files = globSync('{packages,actions,apps}/*/build/**/*.js', { cwd: root }).sort()
  for (const file of ['package-lock.json', 'scripts/bundle.ts', ...files])
    hash.update(file).update(readFileSync(join(root, file)))
  return hash.digest('hex')
}

async function bundle({ name, entry, into }: Bundle, digest: string): Promise<boolean> {
  const mark = join(root, into, 'inputs.sha256')
  if (existsSync(mark) && readFileSync(mark, 'utf8') === digest) {
    console.log(`${name}: unchanged`)
    return true
  }
  for (const file of globSync('*.js', { cwd: join(root, into) })) rmSync(join(root, into, file))
  const words = [
    ncc,
    'build',
    join(root, entry),
    '-o',
    join(root, into),
    '--license',
    'licenses.txt',
    '-e',
    '@duckdb/node-api',
  ]
  try {
    await run(process.execPath, words, { cwd: root, maxBuffer: 1e8 })
  } catch (error) {
    console.error(`${name}: ncc failed\n${(error as Error).message}`)
    return false
  }
  writeFileSync(mark, digest)
  const sizes = globSync('*.js', { cwd: join(root, into) }).map((file) => statSync(join(root, into, file)).size)
  console.log(`${name}: ${(sizes.reduce((sum, size) => sum + size, 0) / 1e6).toFixed(2)} MB`)
  return true
}

/** Works through the list, as many at once as there are cores: ncc itself uses one. */
async function bundleAll(list: readonly Bundle[], digest: string): Promise<boolean> {
  const waiting = [...list]
  const succeeded: boolean[] = []
  const worker = async (): Promise<void> => {
    for (let next = waiting.shift(); next; next = waiting.shift()) succeeded.push(await bundle(next, digest))
  }
  await Promise.all(Array.from({ length: availableParallelism() }, worker))
  return succeeded.every(Boolean)
}

const asked = process.argv.slice(2)
const isAsked = (name: string): boolean =>
  asked.length === 0 || asked.some((one) => name === one || name.startsWith(`${one}-`))
const chosen = bundles.filter(({ name }) => isAsked(name))
process.exitCode = (await bundleAll(chosen, inputsDigest())) ? 0 : 1
