import { UserError } from '@headgate/core'

const operators = new Set(['|', '||', '&', '&&', ';', '<', '>', '>>', '2>', '2>&1'])

/**
 * Splits a command into words by the quoting rules of POSIX shells: single quotes keep everything, double quotes keep
 * all but a backslash before `"`, `\`, `$` or a back-tick, a bare backslash keeps the next character. Nothing is expanded.
 * @throws UserError for an open quote, and for an operator that only a shell would understand.
 */
export function splitWords(text: string): string[] {
  const words: string[] = []
  let word: string | undefined
  let quoted = false
  const finish = (): void => {
    if (word === undefined) return
    if (!quoted && operators.has(word)) throw refused(text, `${word} means something to a shell only.`)
    words.push(word)
    word = undefined
    quoted = false
  }
  for (let at = 0; at < text.length; at += 1) {
    const character = text.charAt(at)
    if (character === "'" || character === '"') {
      const part = readQuoted(text, at)
      word = (word ?? '') + part.text
      quoted = true
      at = part.end
    } else if (character === '\\' && at + 1 < text.length) {
      at += 1
      // A line that ends in a backslash goes on in the next.
      if (text.charAt(at) !== '\n') word = (word ?? '') + text.charAt(at)
    } else if (/\s/.test(character)) finish()
    else word = (word ?? '') + character
  }
  finish()
  return words
}

function readQuoted(text: string, from: number): { text: string; end: number } {
  const quote = text.charAt(from)
  let inside = ''
  for (let at = from + 1; at < text.length; at += 1) {
    const character = text.charAt(at)
    if (character === quote) return { text: inside, end: at }
    const escapes = quote === '"' && character === '\\' && '"\\$`'.includes(text.charAt(at + 1))
    if (escapes) at += 1
    inside += text.charAt(at)
  }
  throw refused(text, `the quote ${quote} is never closed.`)
}

function refused(text: string, what: string): UserError {
  return new UserError({
    what: `the command ${JSON.stringify(text)}: ${what}`,
    fix: 'Write the command as a list of words, or set `shell: true`.',
  })
}
