import type { Problem } from '@headgate/core'
import { nearest } from '@headgate/core'

const shown = 30

/** One problem per column that a file lacks, with the nearest one it has and the list. */
export function missingColumns(path: string, wanted: readonly string[], present: readonly string[]): Problem[] {
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
