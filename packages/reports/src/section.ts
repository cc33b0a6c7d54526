import { type Annotation, type Block, placeText, type Report, type Section } from '@headgate/core'

/** Whether a section brings its own heading, so that its name need not be shown as one. */
export function isHeaded(section: Section): boolean {
  const first = section.blocks[0]
  return first?.block === 'heading' && first.level === 2
}

/** The report's sections, and its annotations with a place as one more that leaves early. */
export function sectionsOf(report: Report): readonly Section[] {
  const located = report.annotations.filter(({ where }) => where !== undefined)
  if (located.length === 0) return report.sections
  return [...report.sections, { name: 'In your files', priority: 90, blocks: [placesOf(located)] }]
}

function placesOf(annotations: readonly Annotation[]): Block {
  const rows = annotations.map(({ level, title, message, where }) => [
    level,
    where === undefined ? '' : { code: placeText(where) },
    [{ strong: title }, ' ', message],
  ])
  const columns = [{ title: 'Level' }, { title: 'Place' }, { title: 'Finding' }]
  return { block: 'table', caption: 'In your files', columns, rows }
}
