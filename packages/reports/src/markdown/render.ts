import type { Report, Section } from '@headgate/core'
import type { PageOptions } from '../options.ts'
import { sectionsOf } from '../section.ts'
import { deciding, decisive, words } from '../words.ts'
import { folded, join, pipes, sectionMarkdown } from './block.ts'
import { escapeHtmlInMarkdown, escapeMarkdown, inlineMarkdown, lineMarkdown } from './escape.ts'

/** Below the 65,536 characters that a GitHub comment holds, with room for a marker and a state. */
const defaultBudget = 60_000
const smallestBudget = 1_000

export interface MarkdownOptions extends PageOptions {
  /** In UTF-16 code units, which are never fewer than characters. At least 1,000. */
  readonly budget?: number
  /** Where the whole report is, said beside what was left out. */
  readonly link?: { readonly text: string; readonly url: string }
}

export interface RenderedMarkdown {
  readonly text: string
  /** What was left out to stay within the budget, as `report: section`. */
  readonly dropped: readonly string[]
}

interface Part {
  readonly report: number
  readonly name: string
  readonly priority: number
  readonly markdown: string
}

/** A comment or a step summary: title with the verdict, the sentence that decides, then what needs a look, open. */
export function renderMarkdown(reports: readonly Report[], options: MarkdownOptions): RenderedMarkdown {
  const budget = options.budget ?? defaultBudget
  if (budget < smallestBudget) throw new RangeError(`A budget of ${budget} is below ${smallestBudget} characters.`)
  const parts = reports.flatMap((report, index) => sectionsOf(report).map((section) => partOf(report, index, section)))
  const leaving = lastFirst(parts, reports)
  for (let count = 0; count <= leaving.length; count += 1) {
    const left = new Set(leaving.slice(0, count))
    const dropped = parts.filter((part) => left.has(part)).map(({ name }) => name)
    const kept = parts.filter((part) => !left.has(part))
    const text = compose(reports, kept, dropped, options)
    if (text.length <= budget) return { text, dropped }
  }
  return { text: shortest(reports, options), dropped: parts.map(({ name }) => name) }
}

function partOf(report: Report, index: number, section: Section): Part {
  const name = `${report.title}: ${section.name}`
  return { report: index, name, priority: section.priority, markdown: sectionMarkdown(section) }
}

/** The order of leaving: highest number first; among equals the passing reports', then the later ones. */
function lastFirst(parts: readonly Part[], reports: readonly Report[]): Part[] {
  const passes = (part: Part): number => (reports[part.report]?.verdict === 'pass' ? 1 : 0)
  return parts.toReversed().sort((a, b) => b.priority - a.priority || passes(b) - passes(a))
}

function compose(
  reports: readonly Report[],
  kept: readonly Part[],
  dropped: readonly string[],
  options: MarkdownOptions,
): string {
  const bodies = reports.map((report, index) =>
    reportMarkdown(
      report,
      kept.filter((part) => part.report === index).map(({ markdown }) => markdown),
      reports.length === 1,
    ),
  )
  const overview = reports.length > 1 ? stages(reports) : ''
  return `${join([headMarkdown(reports, options.title), overview, ...bodies, notice(dropped, options), footer(options)])}\n`
}

function headMarkdown(reports: readonly Report[], title: string): string {
  const report = decisive(reports)
  if (report === undefined) return `### ${escapeMarkdown(title)}: nothing was run`
  const { sentence, glyph } = words[report.verdict]
  return `### ${escapeMarkdown(title)}: ${sentence} ${glyph}\n\n${lineMarkdown(deciding(reports))}`
}

function stages(reports: readonly Report[]): string {
  const rows = reports.map(({ title, verdict, summary }) => [{ status: verdict }, title, summary])
  return pipes([{ title: 'Result' }, { title: 'Stage' }, { title: 'What decided' }], rows)
}

/** Alone, or not passing: open. Else folded under its verdict. */
function reportMarkdown(report: Report, sections: readonly string[], alone: boolean): string {
  const body = join(sections)
  if (alone || body === '') return body
  const said = `<b>${escapeHtmlInMarkdown(report.title)}</b>: ${words[report.verdict].sentence}`
  return folded(said, body, report.verdict !== 'pass')
}

function notice(dropped: readonly string[], { link }: MarkdownOptions): string {
  if (dropped.length === 0) return ''
  const named = dropped.slice(0, 8).map((name) => escapeMarkdown(name))
  const more = dropped.length > named.length ? ` and ${dropped.length - named.length} more` : ''
  const where = link === undefined ? '' : ` The whole report: ${inlineMarkdown({ link })}.`
  return `Left out for length: ${named.join('; ')}${more}.${where}`
}

function footer(options: PageOptions): string {
  const line = inlineMarkdown(options.footer)
  return line === '' ? '' : `<sub>${line}</sub>`
}

/** Where even the sentences are too long: the verdict, which always fits. */
function shortest(reports: readonly Report[], { link }: MarkdownOptions): string {
  const report = decisive(reports)
  const said = report === undefined ? 'nothing was run' : words[report.verdict].sentence
  const where = link === undefined ? '' : inlineMarkdown({ link })
  const head = `### Headgate: ${said}\n\nThe report is too long to be shown here.`
  return where.length < 600 ? `${join([head, where])}\n` : `${head}\n`
}
