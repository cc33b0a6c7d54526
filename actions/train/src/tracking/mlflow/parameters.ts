/**
 * A parameter as Python's `str` prints it, so that code which logs the parameters it read logs the same: MLflow refuses
 * another value for a parameter that it has.
 */
export function parameterText(value: unknown): string {
  return typeof value === 'string' ? value : representation(value)
}

/** Python's `repr` of a JSON value. */
function representation(value: unknown): string {
  if (value === null) return 'None'
  if (typeof value === 'boolean') return value ? 'True' : 'False'
  if (typeof value === 'number') return numberText(value)
  if (typeof value === 'string') return quoted(value)
  if (Array.isArray(value)) return `[${value.map(representation).join(', ')}]`
  const entries = Object.entries(value as Record<string, unknown>)
  return `{${entries.map(([key, part]) => `${quoted(key)}: ${representation(part)}`).join(', ')}}`
}

/** Python writes an exponent from 1e-5 on, of two digits at least, and JavaScript only from 1e-7 on. */
function numberText(value: number): string {
  const isSmall = value !== 0 && Math.abs(value) < 1e-4
  return (isSmall ? value.toExponential() : String(value)).replace(/e([+-])(\d)$/, 'e$10$2')
}

function quoted(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'"
  const escaped = text.replace(/[\\\n\r\t]/g, (character) => JSON.stringify(character).slice(1, -1))
  return `${quote}${quote === "'" ? escaped.replaceAll("'", "\\'") : escaped}${quote}`
}
