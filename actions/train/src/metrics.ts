import { UserError } from '@headgate/core'
import { readJson } from '@headgate/notebooks'

type Metric = readonly [string, number | null]

/**
 * Reads `metrics.json`: numbers by name, those of nested objects by `outer.inner`. Python writes NaN and Infinity,
 * which are no JSON: they come back as `null`. Text and lists are left out.
 * @throws UserError when it is no JSON object.
 */
export function readMetrics(text: string, file: string): Record<string, number | null> {
  const value = parse(text, file)
  if (!isObject(value)) throw new UserError({ what: 'expected an object of metrics by name.', where: { file } })
  const metrics: Metric[] = []
  if (!collect(value, '', metrics, 0))
    throw new UserError({ what: `is nested deeper than ${deepest} objects.`, where: { file } })
  return Object.fromEntries(metrics)
}

const deepest = 100

/** @returns `false` where it goes too deep. */
function collect(value: Readonly<Record<string, unknown>>, prefix: string, metrics: Metric[], depth: number): boolean {
  if (depth > deepest) return false
  return Object.entries(value).every(([key, part]) => {
    const name = `${prefix}${key}`
    if (isObject(part)) return collect(part, `${name}.`, metrics, depth + 1)
    // JSON may hold 1e999, which is read as Infinity.
    if (part === null || typeof part === 'number') metrics.push([name, Number.isFinite(part) ? (part as number) : null])
    return true
  })
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function parse(text: string, file: string): unknown {
  try {
    return readJson(text)
  } catch (error) {
    throw new UserError({ what: `is not JSON: ${(error as Error).message}.`, where: { file } })
  }
}
