const replacement = '***'
const shortestEncoded = 6

/** Hides one form of a secret. */
interface Form {
  /** Longer ones go first: what they begin with may be a secret, too. */
  readonly length: number
  readonly hide: (text: string) => string
}

/**
 * A function that hides secrets in a line: as they are, and in the forms in which programs print them by accident
 * (escaped for URLs, JSON, Python or HTML, base64 at each of its three alignments). The encoded forms of secrets under
 * 6 bytes are left alone, since they would match by chance.
 */
export function masker(secrets: Iterable<string>): (line: string) => string {
  const texts = new Set<string>()
  const escaped = new Map<string, RegExp>()
  for (const secret of secrets) {
    // Output comes line by line, so the lines of a longer secret (a key file) are hidden each.
    const lines = secret.split(/\r?\n/).filter((line) => line.length >= shortestEncoded)
    for (const part of [secret, ...lines]) {
      for (const text of textsOf(part)) texts.add(text)
      if (isEncoded(part) && !/^\w*$/.test(part)) escaped.set(part, patternOf(part))
    }
  }
  const forms = [
    ...[...texts].map((form): Form => ({ length: form.length, hide: (text) => text.replaceAll(form, replacement) })),
    ...[...escaped].map(([{ length }, pattern]): Form => ({ length, hide: (text) => hideEscaped(text, pattern) })),
  ].sort((a, b) => b.length - a.length)
  return (line) => forms.reduce((text, { hide }) => hide(text), line)
}

function isEncoded(secret: string): boolean {
  return Buffer.byteLength(secret) >= shortestEncoded
}

function hideEscaped(text: string, pattern: RegExp): string {
  return /[%\\&+]/.test(text) ? text.replace(pattern, replacement) : text
}

function textsOf(secret: string): string[] {
  if (secret === '') return []
  if (!isEncoded(secret)) return [secret]
  const bytes = Buffer.from(secret)
  return [secret, ...[0, 1, 2].flatMap((offset) => base64Forms(bytes, offset))]
}

/** What stays the same of the base64 of any text in which the secret stands at this offset modulo 3. */
function base64Forms(bytes: Buffer, offset: number): string[] {
  const padded = Buffer.concat([Buffer.alloc(offset), bytes])
  const first = Math.ceil((offset * 8) / 6)
  const last = Math.floor((padded.length * 8) / 6)
  const whole = padded.toString('base64')
  const inner = whole.slice(first, last)
  const forms = offset === 0 ? [whole, inner] : [inner]
  return forms.flatMap((form) => [form, form.replaceAll('+', '-').replaceAll('/', '_')])
}

/** Of programs that escape, each has its own notion of which characters need it: any may be escaped, or not. */
function patternOf(secret: string): RegExp {
  return new RegExp([...secret].map(escapesOf).join(''), 'g')
}

const htmlNames: Readonly<Record<string, string>> = { '&': 'amp', '<': 'lt', '>': 'gt', '"': 'quot', "'": 'apos' }

/** A character as it is, or as URLs, JSON, Python and HTML have it. */
function escapesOf(character: string): string {
  const own = character.replace(/[\\^$.*+?()[\]{}|/-]/, '\\$&')
  if (/\w/.test(character)) return own
  const code = character.codePointAt(0) ?? 0
  const url = [...Buffer.from(character)].map((byte) => `%${hexadecimal(byte, 2)}`).join('')
  const units = Array.from({ length: character.length }, (_, index) => character.charCodeAt(index))
  const json = units.map((unit) => `${backslashes}u${hexadecimal(unit, 4)}`).join('')
  const html = [`&#0{0,4}${code};`, `&#[xX]0{0,4}${hexadecimal(code, 1)};`]
  const name = htmlNames[character]
  return `(?:${[backslashed(character, own), url, json, ...html, ...(name ? [`&${name};`] : [])].join('|')})`
}

/** What is escaped twice has several. Bounded, since a line may hold a million. */
const backslashes = '\\\\{1,8}'

function backslashed(character: string, own: string): string {
  if (character === '\\') return backslashes
  if (/['"/]/.test(character)) return `(?:${backslashes})?${own}`
  if (character === ' ') return ' |\\+'
  const letter = { '\n': 'n', '\r': 'r', '\t': 't' }[character]
  return letter === undefined ? own : `${own}|${backslashes}${letter}`
}

/** Digits of either case. */
function hexadecimal(value: number, digits: number): string {
  const text = value.toString(16).padStart(digits, '0')
  return text.replace(/[a-f]/g, (letter) => `[${letter}${letter.toUpperCase()}]`)
}
