import { cutPython } from '../python.ts'

interface Found {
  readonly line: number
  readonly what: string
  readonly fix: string
}

/** Folders at the root of common systems, and of hosted notebooks. */
const roots =
  'Applications|Library|System|Users|Volumes|Workspace|bin|boot|content|data|dbfs|etc|export|home|kaggle|lib|media|mnt|nfs|opt|private|project|projects|root|run|scratch|srv|storage|tmp|usr|var|work|workspace|workspaces'

const kinds: readonly (readonly [string, RegExp])[] = [
  ['a path of a Windows machine', /^[A-Za-z]:[\\/]/],
  ['a path of somebody’s home', /^(?:~[\w.-]*\/|\/(?:home|Users|root)(?:\/|$))/],
  // Escaped, or raw; `"\\alpha\\beta"` is neither.
  ['a path of a Windows machine', /^(?:\\{4}[\w.-]{2,}\\{2}|\\{2}[\w.-]{2,}\\)[\w$.-]{2}/],
  // What else begins with a slash may be a route of a web service: a file has a known root, or an ending.
  ['an absolute path', new RegExp(`^/(?:(?:${roots})/[^\\s]|[^\\s/?#:]+/[^?#:]*\\.[A-Za-z][A-Za-z0-9]{1,7}$)`)],
]

const fix = 'Say it relative to the work tree, or make it a parameter.'

/** The absolute paths in strings of a cell, and in its magics and shell lines. Paths are shown, other text is not. */
export function absolutePaths(source: string, language: string): Found[] {
  const magics = source.split('\n').flatMap((text, index) => (/^\s*[%!]/.test(text) ? wordsOf(text, index + 1) : []))
  const own = source.replaceAll(/^\s*[%!].*$/gm, '')
  const strings = language === 'python' ? stringsOfPython(own) : stringsOf(own)
  return [...magics, ...strings].flatMap(({ text, line }) => {
    const path = text.trim()
    const kind = kinds.find(([, pattern]) => pattern.test(path))?.[0]
    if (kind === undefined || path.length > 500 || path.includes('\n')) return []
    return [{ line, what: `has ${kind}: \`${path.slice(0, 100)}\`.`, fix }]
  })
}

interface Text {
  readonly text: string
  readonly line: number
}

function wordsOf(text: string, line: number): Text[] {
  const words = text.replace(/^\s*[%!]+/, ' ').split(/[\s'"=]+/)
  return words.map((word) => ({ text: word, line }))
}

function stringsOfPython(source: string): Text[] {
  const pieces = cutPython(source)
  return pieces.filter(({ kind }, index) => kind === 'string' && !isJoined(pieces[index - 1]?.text ?? ''))
}

/** Strings in double or single quotes, as most languages have them, each on one line. */
function stringsOf(source: string): Text[] {
  return source
    .split('\n')
    .flatMap((text, index) =>
      [...text.matchAll(/"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'/g)]
        .filter((found) => !isJoined(text.slice(0, found.index)))
        .map((found) => ({ text: found[1] ?? found[2] ?? '', line: index + 1 })),
    )
}

/** Whether what stands before a string puts it behind another text: `output + "/x"`, `paste0(output, "/x")`. */
function isJoined(before: string): boolean {
  return /[+*]\s*$|\b(?:paste0?|string|str_c|strcat)\([^()]*,\s*$/.test(before)
}
