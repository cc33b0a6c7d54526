// Strings in a report are data from strangers: names of columns, files, branches, categories. Here goes what is the
// same for every format; each renderer adds its own escaping.

/** U+2060: has no width and breaks no line, but parts what a forge would otherwise read as a mention or a link. */
export const joiner = '\u2060'

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const controls = /[\u0000-\u001f\u007f-\u009f]/g
/** Marks that reorder or hide text: bidi controls, zero-width spaces, interlinear and tag characters. */
const deceptive =
  /[\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|\u{e0001}|[\u{e0020}-\u{e007f}]/gu
const rightToLeft = /\p{Script=Hebrew}|\p{Script=Arabic}|\p{Script=Syriac}|\p{Script=Thaana}|\p{Script=Nko}/u

/** One line of running text: line breaks are spaces, and marks that would act are shown by name. */
export function inertText(text: string): string {
  return isolate(inertLine(text.replace(/[\t\n\v\f\r\u0085\u2028\u2029]+/g, ' ')))
}

/** A name, exactly: a line break in it is shown as `␊`, and what would look like nothing at all is made visible. */
export function inertName(name: string): string {
  if (name === '') return '""'
  return /^ +$/.test(name) ? '␣'.repeat(name.length) : isolate(inertLine(name))
}

/** Text of several lines, such as SQL or a log. */
export function inertLines(text: string): string[] {
  return text.split(/\r\n|[\n\v\f\r\u0085\u2028\u2029]/).map((line) => inertLine(line.replaceAll('\t', '  ')))
}

function inertLine(text: string): string {
  const shown = text.toWellFormed().replace(controls, picture).replace(deceptive, codePoint)
  return partCommands(shown)
}

/** A line out of which no runner reads `::command::` or `##[command]`, should it be printed to a log. */
export function partCommands(text: string): string {
  return text.replace(/^(\s*:):/, `$1${joiner}:`).replaceAll('##[', `##${joiner}[`)
}

function picture(control: string): string {
  const code = control.charCodeAt(0)
  if (code < 0x20) return String.fromCharCode(0x2400 + code)
  return code === 0x7f ? '␡' : codePoint(control)
}

function codePoint(mark: string): string {
  return `⟨U+${(mark.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}⟩`
}

/** Text that runs right to left must not reorder what stands beside it. */
function isolate(text: string): string {
  return rightToLeft.test(text) ? `\u2068${text}\u2069` : text
}

/** Cuts in the middle, by characters as a reader counts them, and keeps both ends: names often differ at the end. */
export function shorten(text: string, length: number): string {
  if (text.length <= length) return text
  const points = [...text]
  if (points.length <= length) return text
  const tail = Math.floor((length - 1) / 3)
  return `${points.slice(0, length - 1 - tail).join('')}…${points.slice(points.length - tail).join('')}`
}

/** Only http and https, and nothing in it that could end a link early. */
export function safeUrl(url: string): string | undefined {
  if (!URL.canParse(url)) return undefined
  const parsed = new URL(url)
  if (parsed.protocol !== 'http:' && parsed.protocol !== 'https:') return undefined
  if (parsed.username !== '' || parsed.password !== '') return undefined
  return parsed.href.replace(/[()<>"'\\|`*_~[\]]/g, (found) => `%${found.charCodeAt(0).toString(16).toUpperCase()}`)
}
