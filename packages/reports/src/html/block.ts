import type { Block, Section } from '@headgate/core'
import { inertLines } from '../inert.ts'
import { isHeaded } from '../section.ts'
import { isStatus, parts } from '../text.ts'
import { escapeHtml, inlineHtml, textHtml } from './escape.ts'

type TableBlock = Extract<Block, { block: 'table' }>
type ChartBlock = Extract<Block, { block: 'chart' }>
/** Draws a chart as an SVG element with its alternative; several side by side are drawn narrower. */
export type Draw = (chart: ChartBlock, width: number) => string

const wide = 760
const narrow = 400

export function sectionHtml(section: Section, id: string, draw: Draw): string {
  const heading = isHeaded(section) ? '' : `<h3>${textHtml(section.name)}</h3>`
  const name = isHeaded(section) ? '' : section.name
  return `<section id="${id}">${heading}${blocksHtml(section.blocks, name, draw)}</section>`
}

/** Neighbouring charts stand side by side. */
function blocksHtml(blocks: readonly Block[], under: string, draw: Draw): string {
  let html = ''
  for (let index = 0; index < blocks.length; index += 1) {
    const end = blocks.findIndex((block, at) => at >= index && block.block !== 'chart')
    const charts = blocks.slice(index, end === -1 ? blocks.length : end).filter((block) => block.block === 'chart')
    const block = blocks[index]
    if (charts.length > 1) {
      html += `<div class="charts">${charts.map((chart) => figure(chart, narrow, draw)).join('')}</div>`
      index += charts.length - 1
    } else if (block !== undefined) {
      html += blockHtml(block, under, draw)
    }
  }
  return html
}

function blockHtml(block: Block, under: string, draw: Draw): string {
  switch (block.block) {
    case 'heading':
      return `<h${block.level + 1}>${inlineHtml(block.text)}</h${block.level + 1}>`
    case 'sentence':
      return `<p>${inlineHtml(block.text)}</p>`
    case 'table':
      return tableHtml(block, under)
    case 'chart':
      return figure(block, wide, (drawn, width) => scrolling(drawn.title, draw(drawn, width)))
    case 'details': {
      const open = block.open === true ? ' open' : ''
      const body = blocksHtml(block.blocks, under, draw)
      return `<details${open}><summary>${inlineHtml(block.summary)}</summary><div>${body}</div></details>`
    }
    case 'code':
      return `<pre tabindex="0"><code>${escapeHtml(inertLines(block.text).join('\n'))}</code></pre>`
  }
}

function figure(chart: ChartBlock, width: number, draw: Draw): string {
  return `<figure><figcaption>${textHtml(chart.title)}</figcaption>${draw(chart, width)}</figure>`
}

/** What may be wider than a small screen can be reached and scrolled by keyboard. */
function scrolling(label: string, html: string, kind = 'plot'): string {
  return `<div class="${kind}" role="group" tabindex="0" aria-label="${textHtml(label)}">${html}</div>`
}

function tableHtml(table: TableBlock, under: string): string {
  const hidden = table.caption === under ? ' class="unseen"' : ''
  const sides = table.columns.map(({ align }) => (align === 'right' ? ' class="right"' : ''))
  const head = table.columns.map(({ title }, index) => `<th scope="col"${sides[index]}>${textHtml(title)}</th>`)
  const header = headerColumn(table)
  const body = table.rows.map((row) => {
    const cells = row.map((cell, index) =>
      index === header
        ? `<th scope="row"${sides[index]}>${inlineHtml(cell)}</th>`
        : `<td${sides[index] ?? ''}>${inlineHtml(cell)}</td>`,
    )
    return `<tr>${cells.join('')}</tr>`
  })
  const caption = `<caption${hidden}>${textHtml(table.caption)}</caption>`
  const rows = `<thead><tr>${head.join('')}</tr></thead><tbody>${body.join('')}</tbody>`
  return scrolling(table.caption, `<table>${caption}${rows}</table>`, 'wide')
}

/** The column that names the row: the first that does not hold a judgement. */
function headerColumn({ rows, columns }: TableBlock): number {
  const first = rows[0] ?? []
  return columns.findIndex((_, index) => !parts(first[index] ?? '').some(isStatus))
}
