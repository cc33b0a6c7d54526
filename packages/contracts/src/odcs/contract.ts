import type { Problem } from '@headgate/core'
import { nearest, UserError } from '@headgate/core'
import type { Document, Node } from 'yaml'
import { isMap, LineCounter, parseDocument } from 'yaml'
import type { Contract, ContractCheck } from '../contract.ts'
import { readFreshness } from './freshness.ts'
import { contractKeys, objectKeys } from './keys.ts'
import type { Property } from './properties.ts'
import { readProperty } from './properties.ts'
import type { Entries, NodeReader } from './reader.ts'
import { nodeReader } from './reader.ts'
import type { Rule } from './rules.ts'
import { readRules } from './rules.ts'

/**
 * Reads a contract of the Open Data Contract Standard 3.1 (3.0 is read by the same rules).
 * @throws UserError with every mistake and its line.
 */
export function readOdcs(text: string, file: string, table?: string): Contract {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, merge: false })
  if (document.errors.length > 0) throw new UserError(document.errors.map((error) => yamlProblem(error, file)))
  const reader = nodeReader(file, lines)
  const contract = readDocument(reader, document, table)
  if (reader.problems.length > 0 || contract === undefined) throw new UserError(inOrder(reader.problems))
  return contract
}

function yamlProblem(error: Document['errors'][number], file: string): Problem {
  const [start] = error.linePos ?? []
  const [first = ''] = error.message.split('\n')
  return {
    what: `is not YAML: ${first.replace(/ at line \d+, column \d+:?$/, '')}.`,
    where: { file, line: start?.line ?? 1, column: start?.col ?? 1 },
  }
}

function inOrder(problems: readonly Problem[]): Problem[] {
  return [...problems].sort((a, b) => (a.where?.line ?? 0) - (b.where?.line ?? 0))
}

function readDocument(reader: NodeReader, document: Document, table: string | undefined): Contract | undefined {
  const root = document.contents as Node | null
  if (!isMap(root)) {
    reader.refuse(root, 'is no data contract: expected a mapping with `apiVersion` and `schema`.')
    return undefined
  }
  const entries = reader.map(root, 'contract', contractKeys)
  const version = reader.text(entries.get('apiVersion')?.value, 'apiVersion')
  if (version === undefined || !/^v?3\.[01]\.\d+$/.test(version)) {
    const found = version === undefined ? 'no apiVersion' : `apiVersion ${JSON.stringify(version)}`
    reader.refuse(
      entries.get('apiVersion')?.value ?? root,
      `${found}: ODCS 3.1 is read.`,
      'Write `apiVersion: v3.1.0`.',
    )
  }
  const object = chooseObject(reader, root, entries, table)
  return object === undefined ? undefined : readObject(reader, entries, object, version ?? '')
}

function chooseObject(
  reader: NodeReader,
  root: Node,
  entries: Entries,
  table: string | undefined,
): { node: Node; entries: Entries; name: string } | undefined {
  const objects = reader.list(entries.get('schema')?.value, 'schema').map((node) => {
    const parts = reader.map(node, 'schema object', objectKeys)
    return { node, entries: parts, name: reader.text(parts.get('name')?.value, 'name') ?? '' }
  })
  const names = objects.map((object) => object.name).join(', ')
  const where = entries.get('schema')?.key ?? root
  const chosen = table === undefined ? objects : objects.filter((object) => object.name === table)
  if (chosen.length === 1) return chosen[0]
  if (objects.length === 0) reader.refuse(where, 'the contract describes no table: `schema` is empty or missing.')
  else if (table !== undefined) reader.refuse(where, `no schema object is called ${JSON.stringify(table)}: ${names}.`)
  else reader.refuse(where, `the contract describes several tables: ${names}.`, 'Name one: `contract.yaml#<name>`.')
  return undefined
}

function readObject(
  reader: NodeReader,
  contract: Entries,
  object: { entries: Entries; name: string },
  version: string,
): Contract {
  const properties = reader
    .list(object.entries.get('properties')?.value, 'properties')
    .flatMap((node, index) => readProperty(reader, node, index) ?? [])
  refuseRepeated(reader, properties)
  const key = properties.filter((one) => one.keyPosition > 0).sort((a, b) => a.keyPosition - b.keyPosition)
  const tableRules = [
    ...readRules(reader, object.entries.get('quality')?.value, 'table'),
    ...readFreshness(reader, contract, object.name),
  ]
  const names = new Map(properties.map((one) => [one.name, one.column.name]))
  const ofTable = [...keyRules(key), ...tableRules].map((rule) => checkOf(reader, rule, rule.columns ?? [], names))
  const ofColumns = properties.flatMap((one) => one.rules.map((rule) => checkOf(reader, rule, [one.name], names)))
  return {
    format: 'odcs',
    version,
    name: object.name,
    columns: properties.map((one) => one.column),
    primaryKey: key.map((one) => one.column.name),
    checks: withUniqueIds([...ofColumns, ...ofTable]),
    notes: reader.notes,
  }
}

function refuseRepeated(reader: NodeReader, properties: readonly Property[]): void {
  const seen = new Set<string>()
  for (const { name, node } of properties) {
    if (seen.has(name)) reader.refuse(node, `the property ${JSON.stringify(name)} stands twice.`)
    seen.add(name)
  }
}

function keyRules(key: readonly Property[]): Rule[] {
  const [first] = key
  if (first === undefined) return []
  return [
    {
      name: 'primaryKey',
      metric: { kind: 'duplicate-values' },
      operator: '=',
      values: [0],
      unit: 'rows',
      severity: 'error',
      columns: key.map((part) => part.name),
      node: first.node,
    },
  ]
}

function checkOf(
  reader: NodeReader,
  rule: Rule,
  columns: readonly string[],
  names: ReadonlyMap<string, string>,
): ContractCheck {
  for (const column of columns) {
    if (names.has(column)) continue
    const near = nearest(column, names.keys())
    const fix = near ? `Did you mean \`${near}\`?` : undefined
    reader.refuse(rule.node, `${rule.name}: the contract has no property ${JSON.stringify(column)}.`, fix)
  }
  return {
    id: rule.id ?? [...columns, rule.name].join('.'),
    name: rule.name,
    level: columns.length === 1 ? 'column' : 'table',
    columns: columns.map((column) => names.get(column) ?? column),
    metric: rule.metric,
    operator: rule.operator,
    values: rule.values,
    unit: rule.unit,
    severity: rule.severity,
    location: reader.at(rule.node),
    description: rule.description,
  }
}

/** Checks that would share an id get a number: `delay.invalidValues`, `delay.invalidValues-2`. */
function withUniqueIds(checks: readonly ContractCheck[]): ContractCheck[] {
  const taken = new Set<string>()
  return checks.map((check) => {
    let id = check.id
    for (let next = 2; taken.has(id); next += 1) id = `${check.id}-${next}`
    taken.add(id)
    return { ...check, id }
  })
}
