import type { Node } from 'yaml'
import type { Metric, Operator, Scalar } from '../contract.ts'
import type { MetricName } from './keys.ts'
import { metricNames, operatorKeys, qualityKeys } from './keys.ts'
import type { Entries, NodeReader } from './reader.ts'

/** A check before it knows its column and its identity. */
export interface Rule {
  readonly id?: string | undefined
  readonly name: string
  readonly metric: Metric
  readonly operator: Operator
  readonly values: readonly number[]
  readonly unit: 'rows' | 'percent'
  readonly severity: 'error' | 'warning'
  /** The columns that the rule itself names. */
  readonly columns?: readonly string[] | undefined
  readonly node: Node
  readonly description?: string | undefined
}

/** The rules of a `quality` list; `level` says whose it is. */
export function readRules(reader: NodeReader, node: Node | null | undefined, level: 'column' | 'table'): Rule[] {
  return reader.list(node, 'quality').flatMap((item) => {
    const rule = readRule(reader, item, level)
    return rule === undefined ? [] : [rule]
  })
}

function readRule(reader: NodeReader, node: Node, level: 'column' | 'table'): Rule | undefined {
  const entries = reader.map(node, 'quality rule', qualityKeys)
  if (entries.size === 0) return undefined
  const type = reader.text(entries.get('type')?.value, 'type') ?? 'library'
  switch (type) {
    case 'text':
      reader.note(node, 'a rule of type `text` is for people: it is not checked.')
      return undefined
    case 'library':
      return readLibraryRule(reader, node, entries, level)
    case 'sql':
      return readSqlRule(reader, node, entries)
    case 'custom':
      reader.refuse(node, 'rules of type `custom` are not supported.', 'Use `library` or `sql`.')
      return undefined
    default:
      reader.refuse(
        entries.get('type')?.value,
        `unknown type of rule ${JSON.stringify(type)}.`,
        'Use `library` or `sql`.',
      )
      return undefined
  }
}

function readLibraryRule(
  reader: NodeReader,
  node: Node,
  entries: Entries,
  level: 'column' | 'table',
): Rule | undefined {
  const named = entries.get('metric') ?? entries.get('rule')
  const name = reader.text(named?.value, 'metric')
  if (name === undefined || !metricNames.includes(name as MetricName)) {
    const what = name === undefined ? 'a rule without a `metric`.' : `unknown metric ${JSON.stringify(name)}.`
    reader.refuse(named?.value ?? node, what, `Known metrics: ${metricNames.join(', ')}.`)
    return undefined
  }
  const metric = readMetric(reader, node, name as MetricName, entries, level)
  const common = readCommon(reader, node, entries)
  if (metric === undefined || common === undefined) return undefined
  return { ...common, name, metric: metric.metric, columns: metric.columns, node }
}

function readSqlRule(reader: NodeReader, node: Node, entries: Entries): Rule | undefined {
  const query = reader.text(entries.get('query')?.value, 'query')
  const common = readCommon(reader, node, entries)
  if (query === undefined) reader.refuse(node, 'a rule of type `sql` without a `query`.')
  else if (!/^\s*(?:select|with)\b/i.test(query)) {
    reader.refuse(entries.get('query')?.value, 'the query is not a single SELECT.')
    return undefined
  }
  if (query === undefined || common === undefined) return undefined
  return { ...common, name: 'sql', metric: { kind: 'sql', query }, node }
}

const severities: Readonly<Record<string, 'error' | 'warning'>> = {
  error: 'error',
  warning: 'warning',
  info: 'warning',
}

function readCommon(
  reader: NodeReader,
  node: Node,
  entries: Entries,
): Pick<Rule, 'id' | 'operator' | 'values' | 'unit' | 'severity' | 'description'> | undefined {
  const comparison = readComparison(reader, node, entries)
  const unit = reader.text(entries.get('unit')?.value, 'unit') ?? 'rows'
  if (unit !== 'rows' && unit !== 'percent') {
    reader.refuse(entries.get('unit')?.value, `unknown unit ${JSON.stringify(unit)}.`, 'Use `rows` or `percent`.')
    return undefined
  }
  const given = reader.text(entries.get('severity')?.value, 'severity') ?? 'error'
  const severity = severities[given]
  if (severity === undefined) {
    const fix = 'Use `error`, `warning` or `info`.'
    reader.refuse(entries.get('severity')?.value, `unknown severity ${JSON.stringify(given)}.`, fix)
    return undefined
  }
  const id = reader.text(entries.get('id')?.value, 'id') ?? reader.text(entries.get('name')?.value, 'name')
  const description = reader.text(entries.get('description')?.value, 'description')
  return comparison && { ...comparison, id, unit, severity, description }
}

function readComparison(
  reader: NodeReader,
  node: Node,
  entries: Entries,
): { operator: Operator; values: number[] } | undefined {
  const names = Object.keys(operatorKeys) as (keyof typeof operatorKeys)[]
  const [name, ...more] = names.filter((candidate) => entries.has(candidate))
  if (name === undefined || more.length > 0) {
    reader.refuse(node, 'a rule needs exactly one operator.', `One of ${names.join(', ')}.`)
    return undefined
  }
  const operator = operatorKeys[name]
  const value = entries.get(name)?.value
  if (operator !== 'between' && operator !== 'not between') {
    const number = reader.number(value, name)
    if (number === undefined && value === null) reader.refuse(node, `${name}: expected a number.`)
    return number === undefined ? undefined : { operator, values: [number] }
  }
  const values = reader.list(value, name).map((item) => reader.number(item, name))
  const [low, high] = values
  if (values.length === 2 && low !== undefined && high !== undefined && low <= high)
    return { operator, values: [low, high] }
  reader.refuse(value ?? node, `${name}: expected two numbers, the smaller first.`)
  return undefined
}

function readMetric(
  reader: NodeReader,
  node: Node,
  name: MetricName,
  entries: Entries,
  level: 'column' | 'table',
): { metric: Metric; columns?: string[] | undefined } | undefined {
  const given = entries.get('arguments')?.value
  const known = { missingValues: ['missingValues'], invalidValues: ['validValues', 'pattern'] }
  const allowed: readonly string[] =
    name === 'duplicateValues' && level === 'table' ? ['properties'] : (known[name as keyof typeof known] ?? [])
  const options: Entries = given ? reader.map(given, `arguments of ${name}`, allowed) : new Map()
  if ((name === 'rowCount') !== (level === 'table') && name !== 'duplicateValues') {
    reader.refuse(node, `${name} belongs to a ${name === 'rowCount' ? 'schema object' : 'property'}.`)
    return undefined
  }
  switch (name) {
    case 'nullValues':
      return { metric: { kind: 'null-values' } }
    case 'rowCount':
      return { metric: { kind: 'row-count' } }
    case 'duplicateValues':
      return readDuplicates(reader, node, options, level)
    case 'missingValues': {
      const values = readScalars(reader, options.get('missingValues')?.value)
      if (values.length > 0) return { metric: { kind: 'missing-values', values } }
      reader.refuse(node, 'missingValues needs the argument `missingValues`.')
      return undefined
    }
    case 'invalidValues':
      return readInvalid(reader, node, options)
  }
}

function readDuplicates(
  reader: NodeReader,
  node: Node,
  options: Entries,
  level: 'column' | 'table',
): { metric: Metric; columns?: string[] } | undefined {
  if (level === 'column') return { metric: { kind: 'duplicate-values' } }
  const columns = readScalars(reader, options.get('properties')?.value).map(String)
  if (columns.length > 0) return { metric: { kind: 'duplicate-values' }, columns }
  reader.refuse(node, 'duplicateValues of a schema object needs the argument `properties`.')
  return undefined
}

function readInvalid(reader: NodeReader, node: Node, options: Entries): { metric: Metric } | undefined {
  const valid = options.has('validValues') ? readScalars(reader, options.get('validValues')?.value) : undefined
  const pattern = readPattern(reader, options.get('pattern')?.value)
  if (valid?.length || pattern !== undefined)
    return { metric: { kind: 'invalid-values', ...(valid && { valid }), ...(pattern !== undefined && { pattern }) } }
  reader.refuse(node, 'invalidValues needs the argument `validValues` or `pattern`.')
  return undefined
}

function readScalars(reader: NodeReader, node: Node | null | undefined): Scalar[] {
  return reader.list(node, 'values').flatMap((item) => {
    const value = reader.scalar(item, 'value')
    return value === undefined ? [] : [value]
  })
}

/** A pattern of ECMA-262, checked for being one. */
export function readPattern(reader: NodeReader, node: Node | null | undefined): string | undefined {
  const pattern = reader.text(node, 'pattern')
  if (pattern === undefined) return undefined
  try {
    new RegExp(pattern, 'u')
    return pattern
  } catch (error) {
    reader.refuse(node, `pattern: ${(error as Error).message}.`)
    return undefined
  }
}
