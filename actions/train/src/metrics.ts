import { UserError } from '@headgate/core'

/**
 * Reads `metrics.json`: numbers by name, those of nested objects by `outer.inner`. Python writes NaN and Infinity,
 * which are no JSON: they come back as `null`. Text and lists are left out.
 * @throws UserError when it is no JSON object.
 */
export function readMetrics(text: string, file: string): Record<string, number | null> {
  const value = parse(text, file)
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new UserError({ what: 'expected an object of metrics by name.', where: { file } })
  const metrics: Record<string, number | null> = {}
  collect(value as Record<string, unknown>, '', metrics)
  return metrics
}

function collect(value: Record<string, unknown>, prefix: string, metrics: Record<string, number | null>): void {
  for (const [key, part] of Object.entries(value)) {
    const name = `${prefix}${key}`
    if (part === null) metrics[name] = null
    // JSON may hold 1e999, which is read as Infinity.
    else if (typeof part === 'number') metrics[name] = Number.isFinite(part) ? part : null
    else if (typeof part === 'object' && !Array.isArray(part))
      collect(part as Record<string, unknown>, `${name}.`, metrics)
  }
}

function parse(text: string, file: string): unknown {
  try {
    return parsePython(text, () => 'null')
  } catch (error) {
    throw new UserError({ what: `is not JSON: ${(error as Error).message}.`, where: { file } })
  }
}

/**
 * Reads JSON as Python writes it, with NaN and Infinity, which are no JSON: `replace` says what stands in their place.
 * @throws SyntaxError for all else that is not JSON.
 */
export function parsePython(text: string, replace: (token: string) => string): unknown {
  // Strings are matched first, so that a "NaN" inside one stays.
  const strict = text.replace(/"(?:[^"\\]|\\.)*"|-?\bInfinity\b|\bNaN\b/g, (token) =>
    token.startsWith('"') ? token : replace(token),
  )
  return JSON.parse(strict)
}
