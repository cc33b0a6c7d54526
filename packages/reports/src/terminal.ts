import { styleText } from 'node:util'
import type { Block, Report, Section, Status, Text, Verdict } from '@headgate/core'
import { drawChart } from './drawing.ts'
import { inertLines, inertText, partCommands } from './inert.ts'
import { isHeaded, sectionsOf } from './section.ts'
import { isStatus, parts, plainText } from './text.ts'
import { words } from './words.ts'

export interface TerminalOptions {
  /** How wide the terminal is; 80 where that is not known. */
  readonly columns: number
  /** False where the output is no terminal or `NO_COLOR` is set. */
  readonly colour: boolean
}

type TableBlock = Extract<Block, { block: 'table' }>
type Style = Parameters<typeof styleText>[0]
type Paint = (style: Style, text: string) => string

interface Context {
  readonly columns: number
  readonly paint: Paint
}

const colours: Readonly<Record<Status | Verdict, Style>> = {
  pass: 'green',
  warn: 'yellow',
  fail: 'red',
  error: 'magenta',
  inconclusive: 'magenta',
  'no-baseline': 'magenta',
}
const narrowest = 40
const gap = 2

/** A report for a terminal or a log: tables in columns that fit, everything that is data inert. */
export function renderTerminal(report: Report, options: TerminalOptions): string {
  const paint: Paint = (style, text) => (options.colour ? styleText(style, text, { validateStream: false }) : text)
  const context = { columns: Math.max(options.columns, narrowest), paint }
  const { mark, sentence } = words[report.verdict]
  const head = [
    `${paint(['bold', colours[report.verdict]].flat() as Style, `${mark} ${sentence}`)}  ${paint('bold', inertText(report.title))}`,
    ...wrap(inertText(report.summary), context.columns),
  ]
  const sections = sectionsOf(report).map((section) => sectionLines(section, context))
  // Once more by the line: wrapping, and parts that meet, make beginnings of lines that no part had.
  const lines = [head, ...sections].flatMap((block, index) => (index === 0 ? block : ['', ...block]))
  return `${lines.map(partCommands).join('\n')}\n`
}

function sectionLines(section: Section, context: Context): string[] {
  const heading = isHeaded(section) ? [] : [context.paint('bold', inertText(section.name))]
  return [...heading, ...spaced(section.blocks.map((block) => blockLines(block, section.name, context)))]
}

function spaced(blocks: readonly string[][]): string[] {
  return blocks.flatMap((lines, index) => (index === 0 ? lines : ['', ...lines]))
}

function blockLines(block: Block, under: string, context: Context): string[] {
  switch (block.block) {
    case 'heading':
      return [context.paint('bold', plainText(block.text))]
    case 'sentence':
      return wrap(plainText(block.text), context.columns)
    case 'table':
      return tableLines(block, under, context)
    case 'chart':
      return [inertText(block.title), ...indent(drawChart(block.chart))]
    case 'details':
      return [
        plainText(block.summary),
        ...indent(
          spaced(block.blocks.map((inner) => blockLines(inner, under, { ...context, columns: context.columns - gap }))),
        ),
      ]
    case 'code':
      return indent(inertLines(block.text))
  }
}

function indent(lines: readonly string[]): string[] {
  return lines.map((line) => ' '.repeat(gap) + line)
}

function tableLines({ caption, columns, rows }: TableBlock, under: string, context: Context): string[] {
  const head = columns.map(({ title }) => inertText(title))
  const cells = rows.map((row) => row.map(plainText))
  const widths = fit(
    head.map((title, index) => Math.max(width(title), ...cells.map((row) => width(row[index] ?? '')))),
    context.columns,
  )
  const line = (row: readonly string[], paint: (padded: string, index: number) => string): string =>
    row
      .map((cell, index) => paint(pad(cell, widths[index] ?? 0, columns[index]?.align === 'right'), index))
      .join(' '.repeat(gap))
      .trimEnd()
  return [
    ...(caption === under ? [] : [inertText(caption)]),
    line(head, (padded) => context.paint('dim', padded)),
    ...cells.map((row, nth) => line(row, (padded, index) => tint(rows[nth]?.[index] ?? '', padded, context))),
  ]
}

function tint(cell: Text, padded: string, { paint }: Context): string {
  const status = parts(cell).find(isStatus)?.status
  return status === undefined ? padded : paint(colours[status], padded)
}

/** Takes from the widest column until all fit; none goes below 8. */
function fit(widths: readonly number[], columns: number): number[] {
  const fitted = [...widths]
  const total = (): number => fitted.reduce((sum, each) => sum + each, gap * (fitted.length - 1))
  while (total() > columns) {
    const widest = Math.max(...fitted)
    if (widest <= 8) break
    const over = total() - columns
    const next = Math.max(8, ...fitted.filter((each) => each < widest))
    fitted[fitted.indexOf(widest)] = Math.max(next === widest ? widest - 1 : next - 1, widest - over, 8)
  }
  return fitted
}

function pad(text: string, size: number, right: boolean): string {
  const shown = cut(text, size)
  const space = ' '.repeat(Math.max(0, size - width(shown)))
  return right ? space + shown : shown + space
}

function cut(text: string, size: number): string {
  if (width(text) <= size) return text
  let shown = ''
  for (const character of text) {
    if (width(shown) + width(character) > size - 1) break
    shown += character
  }
  return `${shown}…`
}

function wrap(text: string, columns: number): string[] {
  const lines = ['']
  for (const word of text.split(' ')) {
    const last = lines.at(-1) ?? ''
    if (last === '') lines[lines.length - 1] = word
    else if (width(last) + 1 + width(word) > columns) lines.push(word)
    else lines[lines.length - 1] = `${last} ${word}`
  }
  return lines
}

const wide = /\p{Emoji_Presentation}|\p{Script=Han}|\p{Script=Hiragana}|\p{Script=Katakana}|\p{Script=Hangul}/u

/** Columns that the text takes: two for wide characters, none for combining and invisible ones. */
function width(text: string): number {
  let columns = 0
  for (const character of text) {
    if (/[\p{Mark}\p{Format}]/u.test(character)) continue
    columns += wide.test(character) ? 2 : 1
  }
  return columns
}
