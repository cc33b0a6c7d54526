// Python environments in .tools, for tests: pinned packages, made once per clone. What is there already is left alone.
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
const root = join(import.meta.dirname, '..')
const installer: PythonEnvironment = { name: 'uv', packages: ['uv==0.13.9'] }

export interface PythonEnvironment {
  readonly name: string
  /** Requirements with their versions. */
  readonly packages?: readonly string[]
  /** A file of requirements with their versions. */
  readonly lock?: string
}

/** Makes an environment in `.tools/<name>`. @returns the folder of its commands. */
export async function bringPython(environment: PythonEnvironment): Promise<string> {
  const folder = join(root, '.tools', environment.name)
  const commands = join(folder, 'bin')
  const mark = join(folder, 'headgate-content')
  const digest = await digestOf(environment)
  if (existsSync(mark) && (await readFile(mark, 'utf8')) === digest) return commands
  await mkdir(join(root, '.tools'), { recursive: true })
  await execute(process.env.PYTHON ?? 'python3', '-m', 'venv', '--clear', folder)
  await install(environment, join(commands, 'python'))
  await writeFile(mark, digest)
  console.log(`.tools/${environment.name} is ready.`)
  return commands
}

async function digestOf({ packages = [], lock }: PythonEnvironment): Promise<string> {
  const hash = createHash('sha256').update(packages.join(' '))
  return hash.update(lock === undefined ? '' : await readFile(lock)).digest('hex')
}

/** uv installs from its cache by links, in seconds; itself it comes by pip. */
async function install(environment: PythonEnvironment, python: string): Promise<void> {
  const { packages = [], lock } = environment
  const wanted = [...packages, ...(lock === undefined ? [] : ['-r', lock])]
  if (environment === installer) return execute(python, '-m', 'pip', 'install', '--quiet', ...wanted)
  const uv = join(await bringPython(installer), 'uv')
  await execute(uv, 'pip', 'install', '--quiet', '--system-certs', '--compile-bytecode', '--python', python, ...wanted)
}

async function execute(command: string, ...words: string[]): Promise<void> {
  // With it, every start of what is installed would compile everything again.
  const { PYTHONDONTWRITEBYTECODE: _, ...environment } = process.env
  try {
    await run(command, words, { cwd: root, env: environment, maxBuffer: 64 * 1024 * 1024 })
  } catch (error) {
    const { message } = error as Error
    throw new Error(`${message.trim()}\nPython 3.11 with venv and pip is needed.`)
  }
}
