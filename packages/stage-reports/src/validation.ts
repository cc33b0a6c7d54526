import type { Annotation, Block, Check, Document, Report, Section, Text } from '@headgate/core'
import { code, details, number, section, sentence, table } from '@headgate/reports'

type ValidationDocument = Document<'validation'>

/** What a validation says to a person. Values of the data are left to the document. */
export function reportValidation(document: ValidationDocument): Report {
  const failing = document.checks.filter((check) => check.status !== 'pass')
  return {
    title: 'Data validation',
    verdict: document.verdict,
    summary: document.summary,
    sections: [
      ...failures(failing),
      ...change(document),
      section('Data', 50, [dataTable(document)]),
      section('All checks', 80, allChecks(document.checks)),
    ],
    annotations: failing.map(annotationOf),
  }
}

const right = (title: string) => ({ title, align: 'right' as const })

function failures(failing: readonly Check[]): Section[] {
  if (failing.length === 0) return []
  const columns = ['Check', 'Status', right('Found'), 'Expected', 'Rows', 'Contract']
  const rows = failing.map((check) => [
    { code: check.id },
    { status: check.status },
    number(observed(check)),
    check.expected,
    rowsOf(check),
    placeOf(check),
  ])
  const queries = failing.filter((check) => check.sql !== '').map(queryOf)
  return [section('What does not hold', 10, [table('What does not hold', columns, rows), ...queries])]
}

function observed(check: Check): number | null {
  return typeof check.observed === 'number' ? check.observed : null
}

function rowsOf(check: Check): Text {
  return check.samples
    .map(({ row, key }) => {
      const named = Object.entries(key ?? {}).map(([name, value]) => `${name} ${value}`)
      return `${row ?? '?'}${named.length > 0 ? ` (${named.join(', ')})` : ''}`
    })
    .join(', ')
}

function placeOf({ location }: Check): Text {
  return location ? { code: `${location.file}:${location.line}` } : ''
}

function queryOf(check: Check): Block {
  const note = check.note ? [sentence(check.note)] : []
  return details(['SQL of ', { code: check.id }], [...note, code('sql', check.sql)])
}

function change({ contract }: ValidationDocument): Section[] {
  if (contract.changed === undefined) return []
  const from = contract.ref === undefined ? '' : `The contract was read from ${contract.ref}; `
  const said = `${from}${from === '' ? 'T' : 't'}his pull request would change what holds:`
  return [section('Change of the contract', 20, [sentence(said), code('diff', contract.changed)])]
}

function dataTable({ data, contract }: ValidationDocument): Block {
  return table(
    'Data',
    ['', 'Value'],
    [
      ['Data', { code: data.source }],
      ['Rows', number(data.rows, 0)],
      ['Columns', number(data.columns, 0)],
      ['Digest', { code: data.digest }],
      ['Contract', { code: contract.path }],
      ['Contract read from', contract.ref === undefined ? 'this commit' : { code: contract.ref }],
      ['Digest of the contract', { code: contract.digest }],
    ],
  )
}

function allChecks(checks: readonly Check[]): Block[] {
  const rows = checks.map((check) => [
    { code: check.id },
    { status: check.status },
    number(observed(check)),
    check.expected,
    placeOf(check),
  ])
  const columns = ['Check', 'Status', right('Found'), 'Expected', 'Contract']
  return [details(`${checks.length} checks`, [table('All checks', columns, rows)])]
}

function annotationOf(check: Check): Annotation {
  const found = check.observed === null ? (check.note ?? 'It could not be evaluated.') : undefined
  const rows = check.samples.length > 0 ? ` First rows: ${check.samples.map(({ row }) => row).join(', ')}.` : ''
  return {
    level: check.status === 'fail' ? 'error' : 'warning',
    title: check.id,
    message: found ?? `Found ${check.observed}, expected ${check.expected}.${rows}`,
    ...(check.location && { where: { ...check.location } }),
  }
}
