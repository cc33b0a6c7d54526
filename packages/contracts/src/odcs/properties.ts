import type { Node } from 'yaml'
import type { ContractColumn, LogicalType, Metric, Range } from '../contract.ts'
import { logicalTypes } from '../contract.ts'
import { descriptiveOptions, optionKeys, propertyKeys } from './keys.ts'
import type { Entries, NodeReader } from './reader.ts'
import type { Rule } from './rules.ts'
import { readPattern, readRules } from './rules.ts'

/** A property of a schema object: its column, its place in the key, and the rules that it implies or states. */
export interface Property {
  /** The name that other parts of the contract use. */
  readonly name: string
  readonly column: ContractColumn
  readonly node: Node
  /** 0 when it is no part of the primary key. */
  readonly keyPosition: number
  readonly rules: readonly Rule[]
}

export function readProperty(reader: NodeReader, node: Node, index: number): Property | undefined {
  const entries = reader.map(node, 'property', propertyKeys)
  const name = reader.text(entries.get('name')?.value, 'name')
  if (name === undefined) {
    reader.refuse(node, 'a property without a `name`.')
    return undefined
  }
  for (const key of ['properties', 'items'])
    if (entries.has(key)) reader.refuse(entries.get(key)?.key, `${name}: nested \`${key}\` are not supported.`)
  const isKey = reader.flag(entries.get('primaryKey')?.value, 'primaryKey')
  const position = reader.number(entries.get('primaryKeyPosition')?.value, 'primaryKeyPosition') ?? -1
  const logicalType = readLogicalType(reader, entries)
  const required = reader.flag(entries.get('required')?.value, 'required') || isKey
  const physical = reader.text(entries.get('physicalName')?.value, 'physicalName')
  return {
    name,
    node,
    column: { name: physical ?? name, logicalType, required, location: reader.at(node) },
    keyPosition: isKey ? (position > 0 ? position : 1000 + index) : 0,
    rules: [
      ...impliedRules(reader, node, entries, required),
      ...optionRules(reader, entries, logicalType),
      ...readRules(reader, entries.get('quality')?.value, 'column'),
    ],
  }
}

function readLogicalType(reader: NodeReader, entries: Entries): LogicalType | undefined {
  const node = entries.get('logicalType')?.value
  const name = reader.text(node, 'logicalType')
  if (name === undefined || logicalTypes.includes(name as LogicalType)) return name as LogicalType | undefined
  reader.refuse(node, `unknown logicalType ${JSON.stringify(name)}.`, `Known: ${logicalTypes.join(', ')}.`)
  return undefined
}

const none = { operator: '=', values: [0], unit: 'rows', severity: 'error' } as const

function impliedRules(reader: NodeReader, node: Node, entries: Entries, required: boolean): Rule[] {
  const rules: Rule[] = []
  const add = (key: string, metric: Metric): void => {
    rules.push({ ...none, name: key, metric, node: entries.get(key)?.key ?? node })
  }
  const logical = entries.get('logicalType')?.value
  const type = logical === undefined ? undefined : reader.scalar(logical, 'logicalType')
  if (logicalTypes.includes(type as LogicalType))
    add('logicalType', { kind: 'logical-type', type: type as LogicalType })
  const physical = reader.text(entries.get('physicalType')?.value, 'physicalType')
  if (physical !== undefined) add('physicalType', { kind: 'physical-type', type: physical })
  if (required) add(entries.has('required') ? 'required' : 'primaryKey', { kind: 'null-values' })
  if (reader.flag(entries.get('unique')?.value, 'unique')) add('unique', { kind: 'duplicate-values' })
  return rules
}

function optionRules(reader: NodeReader, entries: Entries, type: LogicalType | undefined): Rule[] {
  const node = entries.get('logicalTypeOptions')?.value
  if (node === undefined || node === null) return []
  if (type === undefined) {
    reader.refuse(node, 'logicalTypeOptions without a logicalType.')
    return []
  }
  const checked = optionKeys[type] ?? []
  const options = reader.map(node, `logicalTypeOptions of ${type}`, [...checked, ...descriptiveOptions])
  for (const key of descriptiveOptions)
    if (options.has(key)) reader.note(options.get(key)?.key, `logicalTypeOptions: \`${key}\` is not checked.`)
  return [...rangeRules(reader, options, type), ...textRules(reader, options)]
}

function rangeRules(reader: NodeReader, options: Entries, type: LogicalType): Rule[] {
  const isNumeric = type === 'number' || type === 'integer'
  const read = isNumeric ? reader.number : reader.text
  const names = {
    minimum: 'minimum',
    maximum: 'maximum',
    exclusiveMinimum: 'above',
    exclusiveMaximum: 'below',
  } as const
  const rules = Object.entries(names).flatMap(([key, name]): Rule[] => {
    const entry = options.get(key)
    const value = read(entry?.value, key)
    if (entry === undefined || value === undefined || !isLimit(reader, entry.value, key, value)) return []
    const range: Range = { [name]: value }
    return [{ ...none, name: key, metric: { kind: 'out-of-range', range }, node: entry.key }]
  })
  const entry = options.get('multipleOf')
  const of = reader.number(entry?.value, 'multipleOf')
  if (entry === undefined || of === undefined) return rules
  if (of <= 0) reader.refuse(entry.value, 'multipleOf: expected a number above 0.')
  return [...rules, { ...none, name: 'multipleOf', metric: { kind: 'not-multiple', of }, node: entry.key }]
}

function isLimit(reader: NodeReader, node: Node | null, key: string, value: number | string): boolean {
  if (typeof value === 'number' || !Number.isNaN(Date.parse(value))) return true
  reader.refuse(node, `${key}: expected a date or timestamp of ISO 8601, found ${JSON.stringify(value)}.`)
  return false
}

function textRules(reader: NodeReader, options: Entries): Rule[] {
  const rules: Rule[] = []
  for (const [key, name] of [
    ['minLength', 'minimum'],
    ['maxLength', 'maximum'],
  ] as const) {
    const entry = options.get(key)
    const value = reader.number(entry?.value, key)
    if (entry !== undefined && value !== undefined)
      rules.push({ ...none, name: key, metric: { kind: 'length', [name]: value }, node: entry.key })
  }
  const entry = options.get('pattern')
  const pattern = readPattern(reader, entry?.value)
  if (entry !== undefined && pattern !== undefined)
    rules.push({ ...none, name: 'pattern', metric: { kind: 'invalid-values', pattern }, node: entry.key })
  return rules
}
