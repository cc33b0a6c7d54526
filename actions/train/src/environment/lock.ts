import { readFile, stat } from 'node:fs/promises'
import { dirname, join, relative, resolve, sep } from 'node:path'
import type { Training } from '@headgate/core'
import { digestFile, isInside } from '@headgate/files'

/** Files that say what is installed, the more exact first; the last ones may leave versions open. */
const lockFiles = [
  'uv.lock',
  'poetry.lock',
  'pdm.lock',
  'pixi.lock',
  'Pipfile.lock',
  'pylock.toml',
  'requirements.lock',
  'conda-lock.yml',
  'conda-linux-64.lock',
  'conda-linux-aarch64.lock',
  'conda-osx-arm64.lock',
  'renv.lock',
  'requirements.txt',
  'environment.yml',
  'environment.yaml',
]

/** What a launcher installs from, whatever other files there are. */
const ofLauncher: Readonly<Record<string, string>> = {
  uv: 'uv.lock',
  poetry: 'poetry.lock',
  pdm: 'pdm.lock',
  pixi: 'pixi.lock',
  pipenv: 'Pipfile.lock',
}

export interface Lock {
  /** Relative to the work tree. */
  readonly path: string
  readonly digest: string
  /** Whether it pins what it names, so that nothing else need be known of the packages. */
  readonly isExact: boolean
}

/** The lock of a command: the one beside its script, else the one of the nearest folder above, up to the work tree. */
export async function findLock(command: readonly string[], workspace: string): Promise<Lock | null> {
  const own = command.flatMap((word) => ofLauncher[word] ?? [])
  for (const folder of await foldersOf(command, workspace)) {
    for (const name of [...own, ...lockFiles]) {
      const found = await digestFile(join(folder, name)).catch(() => undefined)
      if (found === undefined) continue
      const path = relative(workspace, join(folder, name)).split(sep).join('/')
      return { path, digest: found.digest, isExact: await isExact(join(folder, name)) }
    }
  }
  return null
}

/** The folders of the script and those above it, the nearest first. */
async function foldersOf(command: readonly string[], workspace: string): Promise<string[]> {
  const folders = new Set<string>()
  for (const word of command.slice(1)) {
    const path = resolve(workspace, word)
    const isScript = isInside(workspace, path) && (await stat(path).catch(() => undefined))?.isFile() === true
    if (!isScript) continue
    for (let folder = dirname(path); isInside(workspace, folder); folder = dirname(folder)) {
      folders.add(folder)
      if (folder === workspace) break
    }
    break
  }
  return [...folders, workspace]
}

async function isExact(path: string): Promise<boolean> {
  if (/environment\.ya?ml$/.test(path)) return false
  if (!path.endsWith('requirements.txt')) return true
  const text = (await readFile(path, 'utf8')).replaceAll(/\\\r?\n/g, ' ')
  const lines = text.split('\n').map((line) => line.replace(/(^|\s)#.*$/, '').trim())
  return lines
    .filter(
      (line) => line !== '' && !/^--?(hash|index-url|i |extra-index-url|find-links|no-binary|only-binary)/.test(line),
    )
    .every(isPinned)
}

/** `name==1.2`, `name @ https://…@<commit>`: neither a range nor a file of its own. */
function isPinned(line: string): boolean {
  return /^[\w.-]+(\[[^\]]*\])?\s*===?\s*[^\s*,]+(\s|;|$)/.test(line)
}

/** One line, since `conda run` refuses several. Packages of conda are not all of Python. */
const question = [
  'import importlib.metadata as m, os, sys',
  "c = os.path.join(sys.prefix, 'conda-meta')",
  "n = {d.metadata['Name'] + '==' + d.version for d in m.distributions() if d.metadata['Name']}",
  "k = {'conda:' + f[:-5] for f in os.listdir(c) if f.endswith('.json')} if os.path.isdir(c) else set()",
  'print(chr(10).join(sorted(n | k)))',
].join('; ')

/** The words that make a Python interpreter list what is installed: `name==version`, and `conda:name-version-build`. */
export const freezeWords: readonly string[] = ['-c', question]

/** A freeze as a list. */
export function readFreeze(text: string | null): Training['environment']['packages'] {
  return text?.split('\n').filter(Boolean) ?? null
}
