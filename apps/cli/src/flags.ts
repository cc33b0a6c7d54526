import { parseArgs } from 'node:util'
import { type Field, nearest, type Problem, UserError } from '@headgate/core'

/** A flag of a command that is no stage's setting. */
export interface Flag {
  readonly name: string
  readonly type: 'string' | 'boolean'
  readonly description: string
  readonly example?: string
  /** The words that there are; any other is refused. */
  readonly words?: readonly string[]
  /** May be given several times; the values are joined by newlines. */
  readonly several?: boolean
}

/** Flags that every command understands. */
export const sharedFlags: readonly Flag[] = [
  {
    name: 'format',
    type: 'string',
    description: 'What stdout carries: text, json or markdown.',
    words: ['text', 'json', 'markdown'],
  },
  { name: 'output', type: 'string', description: 'Copies the document to this file.' },
  { name: 'help', type: 'boolean', description: 'Shows this help.' },
]

/** The flags of a stage: its settings, as far as a flag can say them. */
export function flagsOf(fields: readonly Field[]): readonly Flag[] {
  return fields
    .filter((field) => !field.fileOnly)
    .map((field) => ({
      name: field.name,
      type: field.type === 'boolean' ? 'boolean' : 'string',
      description: field.description,
      several: field.type === 'list',
    }))
}

export interface Arguments {
  readonly values: ReadonlyMap<string, string>
  readonly positionals: readonly string[]
}

/**
 * Reads `--name value`, `--name=value`, `--name` and `--no-name`.
 * @throws UserError with every unknown flag, every missing value and every word that there is not.
 */
export function readArguments(words: readonly string[], flags: readonly Flag[], positionals = 0): Arguments {
  const known = new Map(flags.map((flag) => [flag.name, flag]))
  const options = Object.fromEntries(
    flags.map((flag) => [flag.name, { type: flag.type, multiple: flag.several ?? false }]),
  )
  const { tokens } = parseArgs({ args: [...words], options, strict: false, tokens: true, allowPositionals: true })
  const values = new Map<string, string>()
  const rest: { readonly word: string; readonly after: Given | undefined }[] = []
  const problems: Problem[] = []
  let before: Given | undefined
  for (const token of tokens) {
    const after = before
    before = undefined
    // What follows an unknown flag is most likely its value, and no second mistake.
    if (token.kind === 'positional' && (after?.isKnown !== false || after.value !== undefined))
      rest.push({ word: token.value, after })
    if (token.kind !== 'option') continue
    const negated = token.name.startsWith('no-') && known.get(token.name.slice(3))?.type === 'boolean'
    const flag = known.get(negated ? token.name.slice(3) : token.name)
    before = { rawName: token.rawName, value: token.value, isKnown: flag !== undefined }
    if (flag === undefined) problems.push(unknownFlag(token.rawName, known.keys()))
    else if (flag.type === 'boolean') values.set(flag.name, String(token.value ?? !negated))
    else if (token.value === undefined) problems.push({ what: `${token.rawName} needs a value.` })
    else if (flag.words?.includes(token.value) === false) problems.push(unknownWord(flag.name, token.value, flag.words))
    else
      values.set(
        flag.name,
        flag.several && values.has(flag.name) ? `${values.get(flag.name)}\n${token.value}` : token.value,
      )
  }
  for (const { word, after } of rest.slice(positionals)) problems.push(unexpectedWord(word, after))
  if (problems.length > 0) throw new UserError(problems)
  return { values, positionals: rest.map(({ word }) => word) }
}

/** A flag as it stands on the command line. */
interface Given {
  readonly rawName: string
  readonly value: string | undefined
  readonly isKnown: boolean
}

/** A word right after a flag’s value may be the rest of it, which a shell has split off. */
function unexpectedWord(word: string, after: Given | undefined): Problem {
  const what = `unexpected word "${word}".`
  if (after?.value === undefined) return { what }
  return { what, fix: `Quote a value of several words: ${after.rawName} '${after.value} ${word}'.` }
}

function unknownWord(flag: string, value: string, words: readonly string[]): Problem {
  const near = nearest(value, words)
  const fix = near ? `Did you mean "${near}"?` : `Say one of: ${words.join(', ')}.`
  return { what: `--${flag}: there is no "${value}".`, fix }
}

function unknownFlag(rawName: string, known: Iterable<string>): Problem {
  const near = nearest(rawName.replace(/^--?/, ''), known)
  return { what: `unknown flag ${rawName}.`, fix: near ? `Did you mean --${near}?` : 'See --help.' }
}
