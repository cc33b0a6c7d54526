// `npm run test:real [-- system … [vitest's flags …]]`: installs what it needs, then tests against real systems.
// Plain JavaScript, because before the installation the Node at hand may be an old one.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const PATH = [join(root, 'node_modules/.bin'), process.env.PATH].join(delimiter)
const options = { cwd: root, env: { ...process.env, PATH }, stdio: 'inherit' }

function run(command, ...args) {
  const { status, error } = spawnSync(command, args, options)
  if (error) console.error(error.message)
  if (status !== 0) process.exit(status ?? 1)
}

if (!existsSync(join(root, 'node_modules/.package-lock.json'))) run('npm', 'ci', '--no-audit', '--no-fund')
run('node', 'scripts/require-node.js')
run('tsc', '-b')
const tests = spawn('node', ['--conditions=source', 'scripts/test-real/main.ts', ...process.argv.slice(2)], options)
// An interruption is theirs to answer: they end what they started, and this waits for it.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => tests.kill(signal))
tests.on('close', (code) => {
  process.exitCode = code ?? 1
})
