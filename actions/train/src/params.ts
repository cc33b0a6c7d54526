import type { trainingSchema } from '@headgate/core'
import { UserError } from '@headgate/core'
import type { z } from 'zod'

export type Params = z.output<typeof trainingSchema>['run']['params']

type Mapping = Readonly<Record<string, unknown>>

/**
 * The parameters as one object, sorted by name. Of `name=value` lines, what reads as a number, `true`, `false` or
 * `null` is one, so that a flag gives the same training key as `headgate.yml`. Lines win over mappings.
 * @throws UserError for lines without `=`, and for names given twice.
 */
export function readParams(given: Mapping | readonly (string | Mapping)[]): Params {
  const parts = Array.isArray(given) ? (given as readonly (string | Mapping)[]) : [given as Mapping]
  const entries = parts.flatMap((part) => (typeof part === 'string' ? [] : Object.entries(part)))
  const lines = parts.filter((part) => typeof part === 'string')
  const all = Object.entries(Object.fromEntries([...entries, ...readLines(lines)]))
  return Object.fromEntries(all.sort(([a], [b]) => (a < b ? -1 : 1))) as Params
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
