import type { Problem } from '@headgate/core'
import { nearest } from '@headgate/core'
import type { LineCounter, Node } from 'yaml'
import { isAlias, isMap, isScalar, isSeq } from 'yaml'
import type { Location, Scalar } from '../contract.ts'

/** Reads nodes of one YAML file and gathers what is wrong with them, each with its line. */
export interface NodeReader {
  readonly problems: Problem[]
  readonly notes: Problem[]
  at(node: Node | null | undefined): Location
  refuse(node: Node | null | undefined, what: string, fix?: string): void
  note(node: Node | null | undefined, what: string): void
  /** The entries of a map with known keys only; every other key is a mistake, and named with the nearest known one. */
  map(node: Node | null | undefined, what: string, known: readonly string[]): Entries
  list(node: Node | null | undefined, what: string): Node[]
  text(node: Node | null | undefined, what: string): string | undefined
  flag(node: Node | null | undefined, what: string): boolean
  number(node: Node | null | undefined, what: string): number | undefined
  scalar(node: Node | null | undefined, what: string): Scalar | undefined
}

interface Entry {
  readonly key: Node
  readonly value: Node | null
}
export type Entries = ReadonlyMap<string, Entry>

export function nodeReader(file: string, lines: LineCounter): NodeReader {
  const problems: Problem[] = []
  const notes: Problem[] = []
  const at = (node: Node | null | undefined): Location => ({
    file,
    line: Math.max(1, lines.linePos(node?.range?.[0] ?? 0).line),
  })
  const refuse = (node: Node | null | undefined, what: string, fix?: string): void => {
    problems.push({ what, where: at(node), fix })
  }
  const scalar = (node: Node | null | undefined, what: string): Scalar | undefined => {
    const value = isScalar(node) ? node.value : undefined
    if (value === null || ['string', 'number', 'boolean'].includes(typeof value)) return value as Scalar
    refuse(node, `${what}: expected a single value.`)
    return undefined
  }
  const typed = <T extends Scalar>(type: 'string' | 'boolean' | 'number', article: string) => {
    return (node: Node | null | undefined, what: string): T | undefined => {
      if (node === null || node === undefined) return undefined
      const value = isScalar(node) ? node.value : undefined
      if (typeof value === type && (type !== 'number' || Number.isFinite(value))) return value as T
      refuse(node, `${what}: expected ${article}, found ${JSON.stringify(value ?? null)}.`)
      return undefined
    }
  }
  const flag = typed<boolean>('boolean', '`true` or `false`')
  return {
    problems,
    notes,
    at,
    refuse,
    scalar,
    note: (node, what) => notes.push({ what, where: at(node) }),
    map: (node, what, known) => readMap(node, what, known, refuse),
    list: (node, what) => readList(node, what, refuse),
    text: typed<string>('string', 'text'),
    flag: (node, what) => flag(node, what) ?? false,
    number: typed<number>('number', 'a number'),
  }
}

type Refuse = NodeReader['refuse']

function readMap(node: Node | null | undefined, what: string, known: readonly string[], refuse: Refuse): Entries {
  const entries = new Map<string, Entry>()
  if (!isMap<Node, Node | null>(node)) {
    refuse(node, `${what}: expected a mapping of keys.`)
    return entries
  }
  for (const { key, value } of node.items) {
    const name = isScalar(key) ? String(key.value) : ''
    if (known.includes(name)) {
      if (isAlias(value)) refuse(value, `${what}: aliases are not supported here.`, 'Write the value out.')
      entries.set(name, { key, value })
    } else {
      const near = nearest(name, known)
      refuse(key, `${what}: unknown key ${JSON.stringify(name)}.`, near ? `Did you mean \`${near}\`?` : keys(known))
    }
  }
  return entries
}

function keys(known: readonly string[]): string {
  return `Known keys: ${known.join(', ')}.`
}

function readList(node: Node | null | undefined, what: string, refuse: Refuse): Node[] {
  if (node === null || node === undefined) return []
  if (isSeq<Node>(node)) return node.items
  refuse(node, `${what}: expected a list.`)
  return []
}
