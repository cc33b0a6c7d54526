import type { Problem } from '@headgate/core'
import type { Cell, RowPlace } from '@headgate/tables/columns'
import { cellText } from '@headgate/tables/columns'

/** The classes in the order of their indexes; of two, the positive one comes last. */
export type Classes = readonly string[]

/** How a label is compared: `1`, `1.0` and 1 are one label, and so are `True` and true. */
export function labelText(cell: Exclude<Cell, null>): string {
  const text = cellText(cell)
  if (/^[+-]?\d+\.0+$/.test(text)) return String(Number(text))
  return /^(true|false)$/i.test(text) ? text.toLowerCase() : text
}

export interface ClassChoice {
  readonly classes?: readonly string[] | undefined
  readonly positive?: string | undefined
}

/**
 * The classes of these labels, or what is wrong with them.
 * @param labels in the order of their file.
 * @param placeOf where the first row with a label is.
 */
export function chooseClasses(
  labels: ReadonlySet<string>,
  choice: ClassChoice,
  file: string,
  placeOf: (label: string) => RowPlace,
): Classes | Problem {
  const where = { file }
  const known = choice.classes ?? [...labels].sort(compareLabels)
  const strange = [...labels].filter((label) => !known.includes(label))
  if (strange.length > 0) {
    const { where: first, note } = placeOf(strange[0] ?? '')
    const what = `has labels that \`classes\` does not name: ${listed(strange)}.${note}`
    return { what, where: first, fix: 'Name them too.' }
  }
  if (labels.size === 1)
    return {
      what: `has one class only: every label is ${listed([...labels])}.`,
      where,
      fix: 'Take test rows of each class: nothing can be told apart here.',
    }
  if (known.length !== 2) return known
  const positive = choice.positive ?? (choice.classes ? known[1] : known.find((label) => ['1', 'true'].includes(label)))
  if (positive === undefined || !known.includes(positive)) {
    const what = choice.positive
      ? `has no label ${listed([choice.positive])}`
      : 'has two classes, none known as positive'
    return { what: `${what}: the labels are ${listed(known)}.`, where, fix: 'Set `positive` to one of them.' }
  }
  return [...known.filter((label) => label !== positive), positive]
}

/** Numbers by size, then texts by code unit. */
export function compareLabels(a: string, b: string): number {
  const difference = Number(a) - Number(b)
  if (!Number.isNaN(difference) && difference !== 0) return difference
  return a < b ? -1 : 1
}

const most = 10

/** `1 id`, `12 ids`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}

/** Up to 10 of many, as JSON strings. */
export function listed(texts: readonly string[]): string {
  const shown = texts.slice(0, most).map((text) => JSON.stringify(text))
  const rest = texts.length - shown.length
  return rest > 0 ? `${shown.join(', ')} and ${rest} more` : shown.join(', ')
}
