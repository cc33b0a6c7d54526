/**
 * Reads JSON as Python writes it, with NaN and Infinity, which are no JSON: `replace` says what stands in their place.
 * @throws SyntaxError for all else that is not JSON.
 */
export function readJson(content: string, replace: (token: string) => string = () => 'null'): unknown {
  try {
    return JSON.parse(content) as unknown
  } catch (error) {
    if (!/NaN|Infinity/.test(content)) throw error
    return JSON.parse(withoutNaN(content, replace)) as unknown
  }
}

/** Strings stay as they are, whatever is in them. No pattern reads them: they hold megabytes. */
function withoutNaN(content: string, replace: (token: string) => string): string {
  const parts: string[] = []
  for (let at = 0; at < content.length; ) {
    const quote = content.indexOf('"', at)
    const from = quote < 0 ? content.length : quote
    const end = quote < 0 ? -1 : stringEnd(content, quote)
    const to = end < 0 ? content.length : end + 1
    parts.push(content.slice(at, from).replace(/-?\b(?:NaN|Infinity)\b/g, replace), content.slice(from, to))
    at = to
  }
  return parts.join('')
}

/** Where the string ends that begins at `from`: the place of its last quote, or -1 without one. */
export function stringEnd(content: string, from: number): number {
  let at = content.indexOf('"', from + 1)
  while (at >= 0 && isEscaped(content, at)) at = content.indexOf('"', at + 1)
  return at
}

function isEscaped(content: string, at: number): boolean {
  let backslashes = 0
  while (content.charAt(at - 1 - backslashes) === '\\') backslashes += 1
  return backslashes % 2 === 1
}
