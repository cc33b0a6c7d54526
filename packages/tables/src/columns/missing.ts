import type { Problem } from '@headgate/core'
import { nearest, UserError } from '@headgate/core'
import type { Wanted } from './cell.ts'

const shown = 30

/**
 * The columns to read, of those that are present.
 * @throws UserError with each column that is wanted and not there, with the nearest one and the list.
 */
export function chooseColumns(path: string, wanted: Wanted | undefined, present: readonly string[]): string[] {
  if (wanted === undefined) return [...present]
  const problems = missingColumns(path, wanted.columns, present)
  if (problems.length > 0) throw new UserError(problems)
  return [...new Set([...wanted.columns, ...wanted.optional.filter((name) => present.includes(name))])]
}

function missingColumns(path: string, wanted: readonly string[], present: readonly string[]): Problem[] {
  const list =
    present.slice(0, shown).join(', ') + (present.length > shown ? `, and ${present.length - shown} more` : '')
  return wanted
    .filter((name) => !present.includes(name))
    .map((name) => {
      const near = nearest(name, present)
      const fix = near === undefined ? `It has: ${list}.` : `Did you mean "${near}"? It has: ${list}.`
      return { what: `has no column "${name}".`, where: { file: path }, fix }
    })
}
