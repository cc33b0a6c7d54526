// `npm test`: installs what it needs, then types, lint, unused code, generated files, unit tests, bundles and the runs in
// a real runner. Plain JavaScript, because before the installation the Node at hand may be an old one.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'

const root = join(import.meta.dirname ?? new URL('.', import.meta.url).pathname, '..')
const results = mkdtempSync(join(tmpdir(), 'headgate-test-'))
const environment = {
  ...process.env,
  GTO_BIN: join(root, '.tools/ci/bin/gto'),
  PATH: [join(root, 'node_modules/.bin'), process.env.PATH].join(delimiter),
}

function run(title, command, ...args) {
  const started = Date.now()
  console.log(`\n== ${title}`)
  const { status, error } = spawnSync(command, args, { cwd: root, env: environment, stdio: 'inherit' })
  if (error) console.error(error.message)
  console.log(`== ${title}: ${status === 0 ? 'done' : 'failed'} in ${((Date.now() - started) / 1000).toFixed(1)} s`)
  return status === 0
}

function vitest(project) {
  const report = join(results, `${project}.json`)
  return run(
    `tests: ${project}`,
    'vitest',
    'run',
    '--project',
    project,
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
  )
}

function count() {
  const totals = { passed: 0, failed: 0, skipped: 0 }
  for (const project of ['unit', 'e2e']) {
    const file = join(results, `${project}.json`)
    if (!existsSync(file)) continue
    const found = JSON.parse(readFileSync(file, 'utf8'))
    totals.passed += found.numPassedTests
    totals.failed += found.numFailedTests
    totals.skipped += found.numPendingTests + found.numTodoTests
  }
  return totals
}

const install = () =>
  existsSync(join(root, 'node_modules/.package-lock.json')) || run('install', 'npm', 'ci', '--no-audit', '--no-fund')
const steps = [
  install,
  () => run('node', 'node', 'scripts/require-node.js'),
  () => run('types', 'tsc', '-b'),
  () => run('types of tests and scripts', 'tsc', '-p', 'tsconfig.tests.json'),
  () => run('lint', 'biome', 'check', '--error-on-warnings', '.'),
  () => run('unused code', 'knip', '--treat-config-hints-as-errors'),
  () => run('generated files', 'node', '--conditions=source', 'scripts/generate.ts', '--check'),
  () => run('tools', 'node', 'scripts/tools.ts'),
  () => vitest('unit'),
  () => run('bundles', 'node', '--conditions=source', 'scripts/bundle.ts'),
  () => vitest('e2e'),
]
const succeeded = steps.every((step) => step())
const totals = count()
rmSync(results, { recursive: true, force: true })
console.log(`\n${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`)
process.exitCode = succeeded ? 0 : 1
