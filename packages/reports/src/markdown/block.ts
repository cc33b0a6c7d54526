import type { Block, Column, Section, Text } from '@headgate/core'
import { drawChart } from '../drawing.ts'
import { inertLines } from '../inert.ts'
import { isHeaded } from '../section.ts'
import { isStatus, parts } from '../text.ts'
import { escapeMarkdown, inlineHtmlInMarkdown, inlineMarkdown, lineMarkdown } from './escape.ts'

type TableBlock = Extract<Block, { block: 'table' }>
type Row = readonly Text[]

/** A table with more rows than this shows what needs a look, and folds the rest. */
const openRows = 8

export function sectionMarkdown(section: Section): string {
  const blocks = section.blocks.map((block) => blockMarkdown(block, section.name))
  return join([isHeaded(section) ? '' : `#### ${escapeMarkdown(section.name)}`, ...blocks])
}

/** One blank line between blocks, none where there is nothing. */
export function join(blocks: readonly string[]): string {
  return blocks.filter((block) => block !== '').join('\n\n')
}

/** `<details>` as every forge reads it: blank lines between the tags and the Markdown inside. */
export function folded(summary: string, body: string, open = false): string {
  return `<details${open ? ' open' : ''}>\n<summary>${summary}</summary>\n\n${body}\n\n</details>`
}

function blockMarkdown(block: Block, under: string): string {
  switch (block.block) {
    case 'heading':
      return `${'#'.repeat(block.level + 2)} ${inlineMarkdown(block.text)}`
    case 'sentence':
      return lineMarkdown(block.text)
    case 'table':
      return tableMarkdown(block, under)
    case 'chart':
      return join([`<b>${escapeMarkdown(block.title)}</b>`, lineMarkdown(block.alternative), drawing(block)])
    case 'details':
      return folded(
        inlineHtmlInMarkdown(block.summary),
        join(block.blocks.map((inner) => blockMarkdown(inner, under))),
        block.open,
      )
    case 'code':
      return fence(block.language.replace(/[^A-Za-z0-9+-]/g, '').slice(0, 20), inertLines(block.text))
  }
}

function drawing(block: Extract<Block, { block: 'chart' }>): string {
  const lines = drawChart(block.chart)
  return lines.length === 0 ? '' : fence('text', lines)
}

/** A fence longer than any run of backticks inside. */
function fence(language: string, lines: readonly string[]): string {
  const runs = lines.join('\n').match(/`+/g) ?? []
  const ticks = '`'.repeat(Math.max(2, ...runs.map((run) => run.length)) + 1)
  return [`${ticks}${language}`, ...lines, ticks].join('\n')
}

function tableMarkdown(table: TableBlock, under: string): string {
  const caption = table.caption === under ? '' : `<b>${escapeMarkdown(table.caption)}</b>`
  if (table.columns.length === 0) return caption
  if (table.rows.length <= openRows) return join([caption, pipes(table.columns, table.rows)])
  const { open, rest, passing } = split(table.rows)
  return join([
    caption,
    open.length === 0 ? '' : pipes(table.columns, open),
    foldedRows(table, rest, 'more'),
    foldedRows(table, passing, 'passing'),
  ])
}

function foldedRows(table: TableBlock, rows: readonly Row[], word: string): string {
  if (rows.length === 0) return ''
  return folded(`${rows.length} ${word}`, pipes(table.columns, rows))
}

/** What does not pass comes first and stays open, eight rows at most; order within is kept. */
function split(rows: readonly Row[]): { open: readonly Row[]; rest: readonly Row[]; passing: readonly Row[] } {
  const passing = rows.filter(isPassing)
  const others = rows.filter((row) => !isPassing(row))
  return { open: others.slice(0, openRows), rest: others.slice(openRows), passing }
}

function isPassing(row: Row): boolean {
  const statuses = row.flatMap((cell) => parts(cell).filter(isStatus))
  return statuses.length > 0 && statuses.every(({ status }) => status === 'pass')
}

export function pipes(columns: readonly Column[], rows: readonly Row[]): string {
  const head = columns.map(({ title }) => escapeMarkdown(title))
  const rule = columns.map(({ align }) => (align === 'right' ? '---:' : ':---'))
  const body = rows.map((row) => columns.map((column, index) => inlineMarkdown(inOnePiece(row[index] ?? '', column))))
  return [head, rule, ...body].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

/** Numbers with their units and intervals stay on one line. */
function inOnePiece(cell: Text, { align }: Column): Text {
  return typeof cell === 'string' && align === 'right' && cell.length <= 40 ? cell.replaceAll(' ', '\u00a0') : cell
}
