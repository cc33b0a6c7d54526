import type { Place, Problem } from '@headgate/core'
import { camel, kebab, nearest } from '@headgate/core'
import { z } from 'zod'

/** A part of a JSON Schema, as far as it says what there may be. */
interface Part {
  readonly description?: string
  readonly properties?: Readonly<Record<string, Part>>
  readonly items?: Part
  readonly anyOf?: readonly Part[]
}

/** What was given for a setting, and where each part of it stands. */
export interface GivenSetting {
  readonly value: unknown
  readonly place: (path: readonly string[]) => Place
}

/**
 * The mistakes in what was given for one setting, in words: what is misspelt is told with what is near.
 * @param schema of the setting.
 * @param issues of it alone; their paths begin at the setting.
 */
export function mistakesIn(
  name: string,
  schema: z.ZodType,
  given: GivenSetting,
  issues: readonly z.core.$ZodIssue[],
): Problem[] {
  const whole = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as Part
  const misspelt = new Set(issues.flatMap((issue) => (issue.code === 'unrecognized_keys' ? pathText(issue) : [])))
  // A rule about the whole of a block says nothing while a key of it is misspelt.
  const told = issues.filter((issue) => issue.code !== 'custom' || !misspelt.has(pathText(issue)))
  return told.flatMap((issue) => {
    const path = asWritten(issue.path.map(String), given.value)
    const label = [name, ...path].join('.')
    const part = issue.path.reduce<Part | undefined>(partAt, whole)
    if (issue.code === 'unrecognized_keys')
      return issue.keys.map((key) => ({ ...unknownKey(label, key, part), where: given.place([...path, key]) }))
    return { ...mistake(label, issue, valueAt(given.value, path), part), where: given.place(path) }
  })
}

function mistake(label: string, issue: z.core.$ZodIssue, value: unknown, part: Part | undefined): Problem {
  if (value === undefined && (issue.code === 'invalid_value' || issue.code === 'invalid_type'))
    return { what: `\`${label}\` is missing.`, fix: part?.description }
  if (issue.code === 'invalid_value') {
    const words = issue.values.map(String)
    const near = typeof value === 'string' ? nearest(value, words) : undefined
    const fix = near ? `Did you mean "${near}"?` : `Say one of: ${words.join(', ')}.`
    return { what: `\`${label}\`: there is no ${JSON.stringify(value)}.`, fix }
  }
  if (issue.code === 'invalid_union' && part?.description !== undefined)
    return { what: `\`${label}\`: has none of the forms that it may have.`, fix: part.description }
  return { what: `\`${label}\`: ${issue.message}.` }
}

function unknownKey(label: string, key: string, part: Part | undefined): Problem {
  const known = Object.keys(optionWith(part, 'properties')?.properties ?? {}).map(kebab)
  const near = nearest(key, known)
  const fix = near ? `Did you mean "${near}"?` : `Known here: ${known.sort().join(', ')}.`
  return { what: `\`${label}\`: unknown key "${key}".`, fix }
}

/** Of the forms that a part may have, the one with keys or with items. */
function optionWith(part: Part | undefined, what: 'properties' | 'items'): Part | undefined {
  return part?.[what] === undefined ? part?.anyOf?.find((option) => option[what] !== undefined) : part
}

function partAt(part: Part | undefined, key: PropertyKey): Part | undefined {
  return typeof key === 'number'
    ? optionWith(part, 'items')?.items
    : optionWith(part, 'properties')?.properties?.[camel(String(key))]
}

/** The keys of a path as the file has them: `sharedMemory` is written `shared-memory`, a variable’s name as it is. */
function asWritten(path: readonly string[], value: unknown): string[] {
  const written: string[] = []
  for (const key of path) {
    const at = valueAt(value, written)
    const isThere = typeof at === 'object' && at !== null && key in at
    written.push(isThere ? key : kebab(key))
  }
  return written
}

function valueAt(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (at, key) => (typeof at === 'object' && at !== null ? (at as Record<string, unknown>)[key] : undefined),
    value,
  )
}

function pathText(issue: z.core.$ZodIssue): string {
  return issue.path.map(String).join('\0')
}
