/** A stretch of Python source. Of a string, `text` is what stands between its quotes, as written. */
export interface Piece {
  readonly kind: 'code' | 'string' | 'comment'
  readonly text: string
  /** Line in the source that it begins on, from 1. */
  readonly line: number
}

const opening = /([rbuft]{0,2})("""|'''|"|')/iy

/**
 * Cuts Python source into code, strings and comments. It reads whatever it is given: an open string ends with its line,
 * or with the source where its quotes are triple.
 */
export function cutPython(source: string): Piece[] {
  const pieces: Piece[] = []
  let line = 1
  let code = ''
  let codeLine = 1
  const put = (kind: Piece['kind'], text: string): void => {
    pieces.push({ kind, text, line })
    line += text.split('\n').length - 1
  }
  const flush = (): void => {
    if (code !== '') pieces.push({ kind: 'code', text: code, line: codeLine })
    code = ''
  }
  for (let at = 0; at < source.length; ) {
    const character = source.charAt(at)
    opening.lastIndex = at
    const found = /[\w"']/.test(character) && !/\w/.test(source.charAt(at - 1)) ? opening.exec(source) : null
    if (character === '#') {
      const end = lineEnd(source, at)
      flush()
      put('comment', source.slice(at, end))
      at = end
    } else if (found) {
      const [head, prefix = '', quote = ''] = found
      const end = stringEnd(source, at + head.length, quote)
      flush()
      put('string', source.slice(at + prefix.length + quote.length, end.inner))
      at = end.outer
    } else {
      if (code === '') codeLine = line
      code += character
      if (character === '\n') line += 1
      at += 1
    }
  }
  flush()
  return pieces
}

function lineEnd(source: string, from: number): number {
  const end = source.indexOf('\n', from)
  return end < 0 ? source.length : end
}

function stringEnd(source: string, from: number, quote: string): { inner: number; outer: number } {
  const isTriple = quote.length === 3
  for (let at = from; at < source.length; at += 1) {
    if (source.charAt(at) === '\\') at += 1
    else if (source.startsWith(quote, at)) return { inner: at, outer: at + quote.length }
    else if (!isTriple && source.charAt(at) === '\n') return { inner: at, outer: at }
  }
  return { inner: source.length, outer: source.length }
}
