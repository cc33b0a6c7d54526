import { cutPython } from './python.ts'

/** A variable that a parameters cell gives a value. */
export interface Assignment {
  readonly name: string
  /** The value is written as a list, `[…]`. */
  readonly isList: boolean
}

/** Other languages of papermill's whose assignments `assignedByLine` reads. */
const readByLine = ['bash', 'julia', 'matlab', 'r', 'scala']

/**
 * What a cell assigns at its top level: in Python by its grammar, in other languages line by line; `undefined` for
 * languages that are not read.
 */
export function assignmentsOf(source: string, language: string): Assignment[] | undefined {
  if (language !== 'python' && !readByLine.includes(language)) return undefined
  const found =
    language === 'python' ? statements(source).flatMap(assignedIn) : source.split('\n').flatMap(assignedByLine)
  return [...new Map(found.map((one) => [one.name, one])).values()]
}

/** The statements at the left margin, without comments, magics and the content of strings. */
function statements(source: string): string[] {
  const own = source.replaceAll(/^[%!?].*$/gm, '')
  const bare = cutPython(own).map(({ kind, text }) => (kind === 'code' ? text : kind === 'string' ? '""' : ''))
  const lines = splitOutside(bare.join('').replaceAll('\\\n', ' '), '\n')
  return lines.filter((line) => /^\S/.test(line)).flatMap((line) => splitOutside(line, ';').map((part) => part.trim()))
}

const assign = /(?<![=!<>:+\-*/%@&|^])=(?!=)/

/** `a = b = 1`, `a, (b, *c) = …`, `a: int = 1`. */
function assignedIn(statement: string): Assignment[] {
  const targets = splitOutside(statement, assign)
  const value = targets.pop() ?? ''
  const isList = value.trim().startsWith('[')
  return targets.flatMap((target) => namesIn(splitOutside(target, ':')[0] ?? '')).map((name) => ({ name, isList }))
}

function namesIn(target: string): string[] {
  const bare = target.trim().replace(/^\*\s*/, '')
  const parts = splitOutside(bare, ',')
  if (parts.length > 1) return parts.flatMap(namesIn)
  const inner = /^[([](.*)[)\]]$/s.exec(bare)?.[1]
  if (inner !== undefined) return namesIn(inner)
  return /^[\p{ID_Start}_]\p{ID_Continue}*$/u.test(bare) ? [bare] : []
}

/** `name <- value` of R, `val name: Type = value` of Scala, `name = value` of Julia and others. */
function assignedByLine(line: string): Assignment[] {
  const found =
    /^\s*(?:(?:val|var|let|const|local|global|mutable)\s+)*([\p{L}_.][\p{L}\p{N}_.]*)\s*(?::{1,2}\s*[\w.<>[\]{}, ]+?)?\s*(?:<-|=(?![=>]))\s*(\S?)/u.exec(
      line,
    )
  return found?.[1] === undefined ? [] : [{ name: found[1], isList: found[2] === '[' }]
}

const brackets: Readonly<Record<string, number>> = { '(': 1, '[': 1, '{': 1, ')': -1, ']': -1, '}': -1 }

/** Splits at a separator of one character where no bracket is open. */
function splitOutside(text: string, separator: string | RegExp): string[] {
  const isCut = (at: number): boolean =>
    typeof separator === 'string' ? text.charAt(at) === separator : matchesAt(separator, text, at)
  const parts: string[] = []
  let depth = 0
  let from = 0
  for (let at = 0; at < text.length; at += 1) {
    depth = Math.max(0, depth + (brackets[text.charAt(at)] ?? 0))
    if (depth > 0 || !isCut(at)) continue
    parts.push(text.slice(from, at))
    from = at + 1
  }
  return [...parts, text.slice(from)]
}

function matchesAt(pattern: RegExp, text: string, at: number): boolean {
  const sticky = new RegExp(pattern.source, 'y')
  sticky.lastIndex = at
  return sticky.test(text)
}
