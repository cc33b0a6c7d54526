import type { trainingSchema } from '@headgate/core'
import { type Problem, UserError } from '@headgate/core'
import type { z } from 'zod'

export type Params = z.output<typeof trainingSchema>['run']['params']

type Mapping = Readonly<Record<string, unknown>>

/**
 * The parameters as one object, sorted by name. Of `name=value` lines, what reads as a number, `true`, `false` or
 * `null` is one, so that a flag gives the same training key as `headgate.yml`. Lines win over mappings.
 * @throws UserError for lines without `=`, for names given twice, and for whole numbers beyond what JSON holds exactly.
 */
export function readParams(given: Mapping | readonly (string | Mapping)[]): Params {
  const parts = Array.isArray(given) ? (given as readonly (string | Mapping)[]) : [given as Mapping]
  const entries = parts.flatMap((part) => (typeof part === 'string' ? [] : Object.entries(part)))
  const lines = parts.filter((part) => typeof part === 'string')
  const inexact = entries.flatMap(([name, value]) => inexactIn(name, value))
  if (inexact.length > 0) throw new UserError(inexact)
  const all = Object.entries(Object.fromEntries([...entries, ...readLines(lines)]))
  return Object.fromEntries(all.sort(([a], [b]) => (a < b ? -1 : 1))) as Params
}

/** Above this JavaScript writes a number with an exponent, and so Python reads no whole number. */
const leastExponent = 1e21

/** What was read has lost its last digits already, without a word. */
function inexactIn(name: string, value: unknown): Problem[] {
  if (typeof value === 'object' && value !== null)
    return Object.entries(value).flatMap(([key, part]) => inexactIn(`${name}.${key}`, part))
  const isExact = !Number.isInteger(value) || Number.isSafeInteger(value) || Math.abs(value as number) >= leastExponent
  if (isExact) return []
  const what = `\`param\`: ${name} is beyond ${Number.MAX_SAFE_INTEGER}, and would not arrive exactly.`
  return [{ what, fix: 'Give it as text, in quotes.' }]
}

function readLines(lines: readonly string[]): [string, unknown][] {
  const found = new Map<string, unknown>()
  const problems = lines.flatMap((line) => {
    const at = line.indexOf('=')
    const name = line.slice(0, at).trim()
    if (at < 1) return [{ what: `\`param\`: expected name=value, got ${JSON.stringify(line)}.` }]
    if (found.has(name)) return [{ what: `\`param\`: ${name} is given twice.` }]
    found.set(name, typed(line.slice(at + 1)))
    return []
  })
  if (problems.length > 0) throw new UserError(problems)
  return [...found]
}

function typed(text: string): unknown {
  if (text === 'true' || text === 'false' || text === 'null') return JSON.parse(text)
  const number = Number(text)
  return text.trim() !== '' && Number.isFinite(number) && String(number) === text ? number : text
}
