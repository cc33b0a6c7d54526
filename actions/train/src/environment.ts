import { arch, cpus, release, type } from 'node:os'
import { basename, join } from 'node:path'
import type { Training } from '@headgate/core'
import { digestFile } from '@headgate/files'
import { runProcess } from '@headgate/systems'

type Environment = Omit<Training['environment'], 'variables'>

/** Lock files, the more exact first. A `requirements.txt` is the last resort: it may leave versions open. */
const lockFiles = [
  'uv.lock',
  'poetry.lock',
  'pdm.lock',
  'pixi.lock',
  'Pipfile.lock',
  'requirements.lock',
  'conda-lock.yml',
  'renv.lock',
  'requirements.txt',
]

const listPackages = `import importlib.metadata as m
print('\\n'.join(sorted({f"{d.metadata['Name']}=={d.version}" for d in m.distributions() if d.metadata['Name']})))`

/**
 * What the command will run with: the interpreter, and the lock file or else the packages that are installed. In an
 * image these are the image's, which its digest pins.
 */
export async function captureEnvironment(
  command: readonly string[],
  folder: string,
  environment: Readonly<Record<string, string>>,
  image: string | null,
): Promise<Environment> {
  const interpreter = image === null && isInterpreter(command[0] ?? '') ? command[0] : undefined
  const ask = (...words: string[]): Promise<string | null> =>
    interpreter === undefined ? Promise.resolve(null) : answer([interpreter, ...words], folder, environment)
  const lock = await findLock(folder)
  const freeze = lock === null && isPython(interpreter ?? '') ? await ask('-c', listPackages) : null
  return {
    os: `${type()} ${release()} ${arch()}`,
    cpu: `${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown'}`,
    interpreter: (await ask('--version'))?.split('\n')[0] ?? null,
    lock,
    packages: freeze?.split('\n').filter(Boolean) ?? null,
    image,
  }
}

async function findLock(folder: string): Promise<Environment['lock']> {
  for (const path of lockFiles) {
    const found = await digestFile(join(folder, path)).catch(() => undefined)
    if (found) return { path, digest: found.digest }
  }
  return null
}

/** Whether a command is a Python interpreter, by its name. */
export function isPython(command: string): boolean {
  return /^(python|pypy)[\d.]*(\.exe)?$/i.test(basename(command))
}

function isInterpreter(command: string): boolean {
  return isPython(command) || /^(node|Rscript|julia|ruby|perl)(\.exe)?$/i.test(basename(command))
}

/** What a command prints, or `null` when it fails: the environment is told as far as it is known. */
async function answer(
  argv: readonly string[],
  cwd: string,
  environment: Readonly<Record<string, string>>,
): Promise<string | null> {
  const lines: string[] = []
  const request = { argv, cwd, environment, timeoutMs: 30_000, onLine: (_: string, line: string) => lines.push(line) }
  const result = await runProcess(request).catch(() => undefined)
  return result?.exitCode === 0 ? lines.join('\n') : null
}
