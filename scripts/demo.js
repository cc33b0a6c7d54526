// `npm run demo`: installs what it needs, then plays the whole loop on a working copy of examples/flight-delays.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const PATH = [join(root, 'node_modules/.bin'), join(root, '.tools/example/bin'), process.env.PATH].join(delimiter)

function run(command, ...args) {
  const { status, error } = spawnSync(command, args, { cwd: root, env: { ...process.env, PATH }, stdio: 'inherit' })
  if (error) console.error(error.message)
  if (status !== 0) process.exit(status ?? 1)
}

if (!existsSync(join(root, 'node_modules/.package-lock.json'))) run('npm', 'ci', '--no-audit', '--no-fund')
run('npm', 'run', '--silent', 'build')
run('node', 'scripts/tools.ts', 'example')
run('node', '--conditions=source', 'scripts/demo/main.ts')
