/**
 * Strict RFC 8259 JSON, indented, with a final newline.
 * @throws TypeError naming the path of a number that is not finite, or of a value that JSON cannot hold: writers
 *   say `null` with a note instead.
 */
export function strictJson(value: unknown): string {
  refuseUnwritable(value, '$')
  return `${JSON.stringify(value, null, 2)}\n`
}

function refuseUnwritable(value: unknown, path: string): void {
  if (typeof value === 'number' && !Number.isFinite(value))
    throw new TypeError(`${path} is ${value}: not a JSON number`)
  if (typeof value === 'bigint') throw new TypeError(`${path} is a bigint: not a JSON number`)
  if (typeof value !== 'object' || value === null) return
  for (const [key, part] of Object.entries(value)) refuseUnwritable(part, `${path}.${key}`)
}
