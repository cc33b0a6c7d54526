import type { Node } from 'yaml'
import { slaKeys } from './keys.ts'
import type { Entries, NodeReader } from './reader.ts'
import type { Rule } from './rules.ts'

const secondsOf: Readonly<Record<string, number>> = {
  ...{ s: 1, second: 1, seconds: 1 },
  ...{ m: 60, min: 60, minute: 60, minutes: 60 },
  ...{ h: 3600, hr: 3600, hour: 3600, hours: 3600 },
  ...{ d: 86_400, day: 86_400, days: 86_400 },
  ...{ w: 604_800, week: 604_800, weeks: 604_800 },
  ...{ y: 31_557_600, yr: 31_557_600, year: 31_557_600, years: 31_557_600 },
}

/** ODCS prefers `latency` (synonym `ly`); its readers know `freshness`. */
const freshnessNames = ['freshness', 'latency', 'ly']

/**
 * The freshness rules among the service levels: now minus the newest value of `element`, in seconds. The other
 * service levels are promises about the service, not about the data, and become notes.
 */
export function readFreshness(reader: NodeReader, contract: Entries, object: string): Rule[] {
  return reader.list(contract.get('slaProperties')?.value, 'slaProperties').flatMap((item) => {
    const entries = reader.map(item, 'service level', slaKeys)
    const property = reader.text(entries.get('property')?.value, 'property')
    if (property === undefined || !freshnessNames.includes(property)) {
      reader.note(item, `the service level ${JSON.stringify(property ?? '')} is not checked on data.`)
      return []
    }
    const fallback = contract.get('slaDefaultElement')?.value
    return readLevel(reader, item, entries, entries.get('element')?.value ?? fallback, object)
  })
}

function readLevel(
  reader: NodeReader,
  item: Node,
  entries: Entries,
  elementNode: Node | null | undefined,
  object: string,
): Rule[] {
  const element = reader.text(elementNode, 'element')
  const value = reader.number(entries.get('value')?.value, 'value')
  const unit = reader.text(entries.get('unit')?.value, 'unit') ?? ''
  const seconds = secondsOf[unit.toLowerCase()]
  if (element === undefined) reader.refuse(item, 'freshness needs `element`, the column of the time.')
  if (value === undefined) reader.refuse(item, 'freshness needs `value`, a number.')
  if (seconds === undefined) {
    const fix = 'Use s, min, h, d, w or y.'
    reader.refuse(entries.get('unit')?.value ?? item, `freshness: unknown unit ${JSON.stringify(unit)}.`, fix)
  }
  if (element === undefined || value === undefined || seconds === undefined) return []
  const [table, ...rest] = element.split('.')
  if (rest.length > 0 && table !== object) return []
  const description = reader.text(entries.get('description')?.value, 'description')
  return [
    {
      name: 'freshness',
      metric: { kind: 'freshness' },
      operator: '<=',
      values: [value * seconds],
      unit: 'rows',
      severity: 'error',
      columns: [rest.length > 0 ? rest.join('.') : element],
      node: item,
      description,
    },
  ]
}
