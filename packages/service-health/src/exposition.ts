/** One line of a scrape. */
export interface Sample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** What a scrape says, or why it says nothing. */
export type Exposition = { readonly samples: readonly Sample[] } | { readonly problem: string }

const namePattern = /[a-zA-Z_:][\w:]*/y
const labelPattern = /\s*([a-zA-Z_]\w*)\s*=\s*"((?:[^"\\]|\\.)*)"\s*,?\s*/y
// Timestamps and exemplars follow the value, and are not needed.
const valuePattern = /\s+([+-]?(?:Inf|inf|[\d.]+(?:[eE][+-]?\d+)?)|NaN|nan)(?=\s|$)/y

/** Reads Prometheus's text format, and OpenMetrics as far as it is the same. */
export function parseExposition(text: string): Exposition {
  if (/^\s*<(!doctype|html|\?xml)/i.test(text)) return { problem: 'answers with a web page, not with metrics' }
  const samples: Sample[] = []
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === '' || line.trimStart().startsWith('#')) continue
    const sample = parseLine(line.trimStart())
    if (sample === undefined) return { problem: `answers with text that is no metrics (line ${index + 1})` }
    samples.push(sample)
  }
  return samples.length > 0 ? { samples } : { problem: 'answers with no metrics at all' }
}

function parseLine(line: string): Sample | undefined {
  const name = match(namePattern, line, 0)
  if (name === undefined) return undefined
  const labels: Record<string, string> = {}
  let position = name[0].length
  if (line[position] === '{') {
    position += 1
    for (let label = match(labelPattern, line, position); label; label = match(labelPattern, line, position)) {
      labels[label[1] ?? ''] = unescaped(label[2] ?? '')
      position += label[0].length
    }
    if (line[position] !== '}') return undefined
    position += 1
  }
  const value = match(valuePattern, line, position)
  return value && { name: name[0], labels, value: numberOf(value[1] ?? '') }
}

function match(pattern: RegExp, line: string, position: number): RegExpExecArray | undefined {
  pattern.lastIndex = position
  return pattern.exec(line) ?? undefined
}

function unescaped(text: string): string {
  return text.replace(/\\(.)/g, (_, character: string) => (character === 'n' ? '\n' : character))
}

/** A number as Go writes it: `+Inf`, `-Inf` and `NaN` beside the usual. */
export function numberOf(text: string): number {
  const infinite = /^([+-]?)inf$/i.exec(text)
  if (infinite) return infinite[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY
  return Number(text)
}
