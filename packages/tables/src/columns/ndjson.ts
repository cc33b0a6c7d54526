import { UserError } from '@headgate/core'
import type { Cell, ColumnTable, Wanted } from './cell.ts'
import { cellOf } from './cell.ts'
import { gatherLines } from './lines.ts'
import { chooseColumns } from './missing.ts'
import { readPieces } from './text.ts'

/** Reads columns of a file with one JSON object per line. A key that a row lacks is null there. */
export async function readNdjson(path: string, wanted: Wanted | undefined): Promise<ColumnTable> {
  const columns = new Map<string, Cell[]>()
  const asked = wanted && new Set([...wanted.columns, ...wanted.optional])
  const lines = gatherLines()
  let rows = 0
  await parseNdjson(path, (row, line) => {
    for (const key of Object.keys(row))
      if (!columns.has(key)) columns.set(key, asked?.has(key) === false ? [] : new Array<Cell>(rows).fill(null))
    for (const [name, cells] of columns) if (asked?.has(name) !== false) cells.push(cellOf(row[name]))
    lines.add(line)
    rows += 1
  })
  if (rows === 0) return { rows, columns, lines }
  const names = chooseColumns(path, wanted, [...columns.keys()])
  return { rows, columns: new Map(names.map((name) => [name, columns.get(name) ?? []])), lines }
}

/**
 * Parses NDJSON as it streams by. Integers above 2^53 are kept as bigint.
 * @throws UserError with the line that is no JSON object.
 */
export async function parseNdjson(
  path: string,
  onRow: (row: Readonly<Record<string, unknown>>, line: number) => void,
): Promise<void> {
  let rest = ''
  let line = 0
  const take = (text: string): void => {
    line += 1
    if (text.trim() !== '') onRow(rowOf(text, path, line), line)
  }
  for await (const piece of readPieces(path)) {
    const lines = (rest + piece).split('\n')
    rest = lines.pop() ?? ''
    for (const text of lines) take(text)
  }
  if (rest !== '') take(rest)
}

function rowOf(text: string, path: string, line: number): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = /\d{16}/.test(text) ? JSON.parse(text, exactInteger) : JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  } catch (cause) {
    throw new UserError({ what: `is not JSON: ${(cause as Error).message}.`, where: { file: path, line } }, { cause })
  }
  throw new UserError({ what: 'expected a JSON object.', where: { file: path, line } })
}

/** Keeps what a double cannot hold; engines that do not say the source leave the number as it is. */
function exactInteger(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  const isInexact = typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value)
  return isInexact && context?.source !== undefined && /^-?\d+$/.test(context.source) ? BigInt(context.source) : value
}
