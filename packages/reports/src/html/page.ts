import type { Report } from '@headgate/core'
import type { PageOptions } from '../options.ts'
import { isHeaded, sectionsOf } from '../section.ts'
import { plainText } from '../text.ts'
import { deciding, decisive, words } from '../words.ts'
import { type Draw, sectionHtml } from './block.ts'
import { inlineHtml, statusHtml, textHtml } from './escape.ts'
import { style } from './style.ts'

/** Loaded only where there is a chart to draw: the library costs more to start than all the rest. */
const engines = { echarts: async (): Promise<Draw> => (await import('./charts.ts')).drawChart }

const policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"

/** One self-contained page, one part for each report: no requests, no scripts, light and dark, fit to print. */
export async function renderHtml(reports: readonly Report[], options: PageOptions): Promise<string> {
  const draw = reports.some(hasChart) ? await engines.echarts() : (): string => ''
  const title = textHtml(options.title)
  const footer = inlineHtml(options.footer)
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<style>${style}</style>
</head>
<body>
<a class="skip" href="#main">Skip to the report</a>
<header>${headHtml(reports, title)}</header>
<div class="body">
<nav aria-label="Stages"><ol>${reports.map(navigation).join('')}</ol></nav>
<main id="main">
${reports.map((report, index) => articleHtml(report, index, draw, reports.length > 1)).join('\n')}
</main>
</div>
${footer === '' ? '' : `<footer>${footer}</footer>`}
</body>
</html>
`
}

function headHtml(reports: readonly Report[], title: string): string {
  const report = decisive(reports)
  if (report === undefined) return `<h1>${title}</h1><p>Nothing was run.</p>`
  return `<h1>${title}</h1><div class="verdict">${verdictHtml(report)}</div><p>${textHtml(deciding(reports))}</p>`
}

function navigation(report: Report, index: number): string {
  const inner = sectionsOf(report).flatMap((section, nth) => {
    const first = section.blocks[0]
    const name = isHeaded(section) && first?.block === 'heading' ? plainText(first.text) : section.name
    return `<li><a href="#${sectionId(index, nth)}">${textHtml(name)}</a></li>`
  })
  const list = inner.length === 0 ? '' : `<ul>${inner.join('')}</ul>`
  return `<li><a href="#${reportId(index)}">${textHtml(report.title)}</a> ${verdictHtml(report)}${list}</li>`
}

function articleHtml(report: Report, index: number, draw: Draw, beside: boolean): string {
  const id = reportId(index)
  const sections = sectionsOf(report).map((section, nth) => sectionHtml(section, sectionId(index, nth), draw))
  const said = beside ? `<p class="said">${textHtml(report.summary)}</p>` : ''
  return (
    `<article id="${id}" aria-labelledby="${id}-title">` +
    `<div class="head"><h2 id="${id}-title">${textHtml(report.title)}</h2>${verdictHtml(report)}</div>` +
    `${said}${sections.join('')}</article>`
  )
}

function verdictHtml({ verdict }: Report): string {
  return statusHtml(verdict, words[verdict].sentence)
}

function reportId(index: number): string {
  return `stage-${index + 1}`
}

function sectionId(index: number, nth: number): string {
  return `${reportId(index)}-${nth + 1}`
}

function hasChart(report: Report): boolean {
  return JSON.stringify(report.sections).includes('"block":"chart"')
}
