import { constants } from 'node:fs'
import { access, open, realpath } from 'node:fs/promises'
import { basename, delimiter, dirname, isAbsolute, join, resolve } from 'node:path'
import { splitWords } from '@headgate/systems'
import type { Ask } from './ask.ts'

/** Where a command would be run. */
export interface CommandPlace {
  /** Absolute path of the folder that it runs in. */
  readonly folder: string
  readonly environment: Readonly<Record<string, string>>
  readonly ask: Ask
}

/** The words that start the interpreter of a command, to which a question is added: `['conda', 'run', '-n', 'x', 'python']`. */
export type Interpreter = readonly string[]

type Finder = (words: readonly string[], place: CommandPlace) => Promise<Interpreter | undefined>

/** Whether a command is a Python interpreter, by its name. */
export function isPython(command: string): boolean {
  return /^(python|pypy)[\d.]*(\.exe)?$/i.test(basename(command))
}

function isInterpreter(command: string): boolean {
  return isPython(command) || /^(node|Rscript|julia|ruby|perl)(\.exe)?$/i.test(basename(command))
}

/**
 * The interpreter that a command comes to be read by: itself, behind a launcher such as `uv run` or `env`, in the first
 * line of a script such as `papermill`, or in a line for a shell. Nothing is installed or made to find it out.
 * `undefined` where that cannot be told.
 */
export async function findInterpreter(words: readonly string[], place: CommandPlace): Promise<Interpreter | undefined> {
  const [command = '', ...rest] = words
  if (isInterpreter(command)) return [command]
  const name = basename(command)
  if (isShell(name)) return rest[0] === '-c' ? inShellText(rest[1] ?? '', place) : undefined
  const launcher = launchers[name]
  if (launcher) return launcher(words, place)
  if (startsOthers.has(name)) return undefined
  return (await inScript(command, place)) ?? named(rest)
}

/** They start what their own files name, each by an interpreter of its own. */
const startsOthers: ReadonlySet<string> = new Set(['dvc', 'make', 'just', 'snakemake', 'mlflow', 'docker', 'podman'])

const launchers: Readonly<Record<string, Finder>> = {
  uv: async (words, place) => {
    if (!hasWord(words, 'run')) return undefined
    const project = options(words, ['--project', '--directory', '--python', '-p'])
    return answered(place, [
      words[0] ?? 'uv',
      'python',
      'find',
      ...project.map((word) => (word === '-p' ? '--python' : word)),
    ])
  },
  poetry: (words, place) =>
    answered(place, [words[0] ?? 'poetry', ...before(words, 'run'), 'env', 'info', '--executable']),
  pdm: (words, place) => inPdm(words, place),
  pipenv: (words, place) => answered(place, [words[0] ?? 'pipenv', '--py']),
  pixi: (words, place) => inPixi(words, place),
  conda: async (words) => inConda(words),
  mamba: async (words) => inConda(words),
  micromamba: async (words) => inConda(words),
  env: (words, place) => findInterpreter(behindEnv(words.slice(1)), place),
}

function hasWord(words: readonly string[], word: string): boolean {
  return words.slice(1).includes(word)
}

/** The words between a command and its sub-command. */
function before(words: readonly string[], subcommand: string): readonly string[] {
  const at = words.indexOf(subcommand)
  return at < 0 ? [] : words.slice(1, at)
}

/** Those options that are among the words, each with its value. */
function options(words: readonly string[], names: readonly string[]): string[] {
  return words.flatMap((word, index) => {
    const value = words[index + 1]
    if (names.includes(word) && value !== undefined) return [word, value]
    return names.some((name) => name.startsWith('--') && word.startsWith(`${name}=`)) ? [word] : []
  })
}

/** The path that a package manager names. */
async function answered(place: CommandPlace, question: readonly string[]): Promise<Interpreter | undefined> {
  const lines = (await place.ask(question))?.split('\n').map((line) => line.trim())
  const path = lines?.findLast((line) => isAbsolute(line))
  return path === undefined ? undefined : [path]
}

/** By the file in which pdm remembers it: to ask pdm would make an environment. */
async function inPdm(words: readonly string[], { folder }: CommandPlace): Promise<Interpreter | undefined> {
  if (!hasWord(words, 'run')) return undefined
  const project = resolve(folder, options(words, ['--project', '-p'])[1] ?? '.')
  const remembered = (await firstBytes(join(project, '.pdm-python'))).trim()
  const candidates = [...(remembered === '' ? [] : [remembered]), join(project, '.venv/bin/python')]
  for (const path of candidates) if (await isExecutable(path)) return [path]
  return undefined
}

/** By the folder of its environment: to ask pixi would make it. */
async function inPixi(words: readonly string[], { folder }: CommandPlace): Promise<Interpreter | undefined> {
  if (!hasWord(words, 'run')) return undefined
  const value = (...names: string[]): string | undefined => options(words, names)[1]
  const manifest = value('--manifest-path', '-m')
  const project =
    manifest === undefined ? folder : resolve(folder, /\.toml$/.test(manifest) ? dirname(manifest) : manifest)
  const path = join(project, '.pixi/envs', value('--environment', '-e') ?? 'default', 'bin/python')
  return (await isExecutable(path)) ? [path] : undefined
}

const condaFlags: ReadonlySet<string> = new Set([
  '--no-capture-output',
  '--live-stream',
  '-v',
  '--verbose',
  '--debug-wrapper-scripts',
])

/** With the same options, and `python` for whatever it would run. */
function inConda(words: readonly string[]): Interpreter | undefined {
  const at = words.indexOf('run')
  if (at < 0) return undefined
  let end = at + 1
  while (words[end]?.startsWith('-')) {
    const word = words[end] ?? ''
    end += condaFlags.has(word) || word.includes('=') ? 1 : 2
  }
  const [command = ''] = words.slice(end)
  return [...words.slice(0, end), isInterpreter(command) ? command : 'python']
}

/** The command behind `env`, its options and its assignments. */
function behindEnv(words: readonly string[]): readonly string[] {
  const [first = '', second = '', ...others] = words
  if (first === '-S' || first === '--split-string') return behindEnv([...splitWords(second), ...others])
  if (first === '-u' || first === '-C') return behindEnv(others)
  if (/^-/.test(first) || /^\w+=/.test(first)) return behindEnv(words.slice(1))
  return words
}

function isShell(name: string): boolean {
  return /^(sh|bash|dash|zsh|ksh)$/.test(name)
}

/** Of the first command of a line that an interpreter is found behind. */
async function inShellText(text: string, place: CommandPlace): Promise<Interpreter | undefined> {
  for (const part of text.split(/&&|\|\||[;|\n]/)) {
    const words = wordsOf(
      part
        .trim()
        .replace(/^(exec|time)\s+/, '')
        .replace(/\s\d?[<>].*$/, ''),
    )
    const found = words.length > 0 ? await findInterpreter(behindEnv(words), place) : undefined
    if (found) return found
  }
  return undefined
}

/** None of what only a shell can read. */
function wordsOf(text: string): string[] {
  try {
    return splitWords(text)
  } catch {
    return []
  }
}

const longestFirstLine = 4096

/** The interpreter in a script's first line. What pip, uv and conda write for long paths names it in the second one. */
async function inScript(command: string, place: CommandPlace): Promise<Interpreter | undefined> {
  const path = await onPath(command, place)
  if (path === undefined) return undefined
  const [first = '', second = ''] = (await firstBytes(path)).split('\n')
  if (!first.startsWith('#!')) return undefined
  const words = wordsOf(first.slice(2).trim())
  const own = await findInterpreter(words, place)
  if (own) return own
  const quoted = /^'''exec' "?(\/[^"$]+?)"? "\$0"/.exec(second)?.[1]
  if (quoted !== undefined && isPython(quoted)) return [quoted]
  // A version manager's stand-in, or a script that may be moved: its neighbour is the interpreter.
  const neighbour = join(dirname(path), 'python')
  const isStandIn = /'''exec'|pyenv|asdf|mise/.test(await firstBytes(path))
  return isStandIn && (await isExecutable(neighbour)) ? [neighbour] : undefined
}

/** `mpirun -np 4 python train.py`, `timeout 5m python train.py`. */
function named(words: readonly string[]): Interpreter | undefined {
  const found = words.find(isInterpreter)
  return found === undefined ? undefined : [found]
}

async function onPath(command: string, { folder, environment }: CommandPlace): Promise<string | undefined> {
  if (command.includes('/')) return realpath(resolve(folder, command)).catch(() => undefined)
  for (const entry of (environment.PATH ?? '').split(delimiter)) {
    const path = resolve(folder, entry, command)
    if (await isExecutable(path)) return path
  }
  return undefined
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  )
}

async function firstBytes(path: string): Promise<string> {
  const file = await open(path).catch(() => undefined)
  if (file === undefined) return ''
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(longestFirstLine), 0, longestFirstLine, 0)
    return buffer.subarray(0, bytesRead).toString('latin1')
  } catch {
    return ''
  } finally {
    await file.close()
  }
}
