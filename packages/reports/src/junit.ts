import type { Report, Section, Status, Verdict } from '@headgate/core'
import { inertText } from './inert.ts'
import { isStatus, parts, plainText } from './text.ts'
import { words } from './words.ts'

interface Case {
  readonly suite: string
  readonly name: string
  readonly status: Status | Verdict
  readonly message: string
}

/**
 * One suite for each report: its verdict as the first case, then one case for each table row that holds a judgement.
 * What was not judged is `skipped`, never passed.
 */
export function renderJUnit(reports: readonly Report[]): string {
  const suites = reports.map(suiteXml)
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n${suites.join('')}</testsuites>\n`
}

function suiteXml(report: Report): string {
  const cases = [verdictCase(report), ...report.sections.flatMap((section) => sectionCases(report, section))]
  const count = (...of: readonly string[]): number => cases.filter(({ status }) => of.includes(status)).length
  const counts =
    `tests="${cases.length}" failures="${count('fail')}" errors="${count('error')}" ` +
    `skipped="${count('inconclusive', 'no-baseline')}"`
  return `<testsuite name="${xml(report.title)}" ${counts}>\n${cases.map(caseXml).join('')}</testsuite>\n`
}

function verdictCase({ title, verdict, summary }: Report): Case {
  return { suite: title, name: 'verdict', status: verdict, message: summary }
}

function sectionCases(report: Report, section: Section): Case[] {
  return section.blocks.flatMap(function casesOf(block): Case[] {
    if (block.block === 'details') return block.blocks.flatMap(casesOf)
    if (block.block !== 'table') return []
    return block.rows.flatMap((row) => {
      const status = row.flatMap(parts).find(isStatus)?.status
      if (status === undefined) return []
      const said = row.map((cell, index) => ({ title: block.columns[index]?.title ?? '', text: plainText(cell) }))
      const others = said.filter((_, index) => !parts(row[index] ?? '').some(isStatus))
      const message = others.map(({ title, text }) => `${title}: ${text}`).join(', ')
      return { suite: `${report.title}.${section.name}`, name: others[0]?.text ?? block.caption, status, message }
    })
  })
}

function caseXml({ suite, name, status, message }: Case): string {
  const open = `<testcase classname="${xml(suite)}" name="${xml(name)}"`
  const said = `message="${xml(message)}"`
  if (status === 'pass') return `${open}/>\n`
  if (status === 'warn')
    return `${open}><system-out>${xml(`${words.warn.short}: ${message}`)}</system-out></testcase>\n`
  if (status === 'fail') return `${open}><failure ${said}/></testcase>\n`
  if (status === 'error') return `${open}><error ${said}/></testcase>\n`
  return `${open}><skipped ${said}/></testcase>\n`
}

/** What XML 1.0 cannot hold is shown by name already. */
function xml(text: string): string {
  return inertText(text)
    .replace(/[&<>"']/g, (found) => `&#${found.charCodeAt(0)};`)
    .replace(/[\ufffe\uffff]/g, '\ufffd')
}
