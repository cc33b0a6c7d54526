import type { Block, Chart, Column, Section, Text } from '@headgate/core'

export function heading(level: 2 | 3, text: Text): Block {
  return { block: 'heading', level, text }
}

export function sentence(text: Text): Block {
  return { block: 'sentence', text }
}

/** A plain string as a column is a title aligned to the left. Every row has a cell for each column. */
export function table(
  caption: string,
  columns: readonly (string | Column)[],
  rows: readonly (readonly Text[])[],
): Block {
  const odd = rows.findIndex((row) => row.length !== columns.length)
  if (odd >= 0) throw new Error(`Row ${odd + 1} of "${caption}" has ${rows[odd]?.length} of ${columns.length} cells.`)
  return { block: 'table', caption, columns: columns.map(columnOf), rows }
}

function columnOf(column: string | Column): Column {
  return typeof column === 'string' ? { title: column } : column
}

/** `alternative` says in words what the chart shows: it is what a reader without the picture gets. */
export function chart(title: string, alternative: string, drawn: Chart): Block {
  return { block: 'chart', title, alternative, chart: drawn }
}

export function details(summary: Text, blocks: readonly Block[], open = false): Block {
  return { block: 'details', summary, open, blocks }
}

export function code(language: string, text: string): Block {
  return { block: 'code', language, text }
}

/**
 * Renderers show `name` as the section's heading, unless its first block is one.
 * When a report must be shorter, the section with the highest `priority` goes first.
 */
export function section(name: string, priority: number, blocks: readonly Block[]): Section {
  return { name, priority, blocks }
}
