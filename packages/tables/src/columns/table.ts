import { stat } from 'node:fs/promises'
import { extname } from 'node:path'
import { UserError } from '@headgate/core'
import type { ColumnTable, Reader } from './cell.ts'

/** Formats by the ending of a file's name. */
const formats = {
  '.parquet': 'parquet',
  '.pq': 'parquet',
  '.csv': 'csv',
  '.ndjson': 'ndjson',
  '.jsonl': 'ndjson',
} as const
export type Format = (typeof formats)[keyof typeof formats]

const readers: Readonly<Record<Format, () => Promise<Reader>>> = {
  parquet: async () => (await import('./parquet.ts')).readParquet,
  csv: async () => (await import('./csv.ts')).readCsv,
  ndjson: async () => (await import('./ndjson.ts')).readNdjson,
}

/**
 * Reads the named columns of a Parquet, CSV or NDJSON file, and the optional ones that it has; or all columns.
 * @throws UserError when there is no such file, its format is unknown or broken, columns are missing (all of them are
 *   named), or it holds no rows.
 */
export async function readTable(
  path: string,
  columns?: readonly string[],
  optional: readonly string[] = [],
): Promise<ColumnTable> {
  const found = await stat(path).catch(() => undefined)
  if (found === undefined) throw new UserError({ what: 'there is no such file.', where: { file: path } })
  if (!found.isFile()) throw new UserError({ what: 'is not a file.', where: { file: path } })
  const read = await readers[formatOf(path)]()
  const table = await read(path, columns && { columns: [...new Set(columns)], optional })
  if (table.rows === 0) throw new UserError({ what: 'holds no rows.', where: { file: path } })
  return table
}

/**
 * The format of a table by its file's name.
 * @throws UserError when the ending says none.
 */
export function formatOf(path: string): Format {
  const ending = extname(path).toLowerCase()
  if (Object.hasOwn(formats, ending)) return formats[ending as keyof typeof formats]
  const fix = `Name a file that ends in ${Object.keys(formats).join(', ')}.`
  throw new UserError({ what: 'is no table that can be read.', where: { file: path }, fix })
}
