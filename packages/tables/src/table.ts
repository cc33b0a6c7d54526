import type { Validation } from '@headgate/core'
import { UserError } from '@headgate/core'
import type { Engine, Row } from './port.ts'
import type { Source } from './source.ts'
import { digestSource, shownPath } from './source.ts'
import type { ColumnType } from './types.ts'
import { columnTypeOf } from './types.ts'

export interface TableColumn {
  readonly name: string
  readonly type: ColumnType
  /** How the source holds it, in the engine's words; `VARCHAR` for a text that is read as another type. */
  readonly sqlType: string
  /** The column as it is stored. */
  readonly raw: string
  /** The column as a value of its type; NULL where a text is none. */
  readonly value: string
  /** Whether the value is parsed from a text. */
  readonly parsed: boolean
}

/** A source as an engine sees it. */
export interface Table {
  readonly engine: Engine
  readonly source: Source
  readonly rows: number
  readonly columns: readonly TableColumn[]
  /** What stands after FROM. */
  readonly relation: string
  /** The same in words that a person can run from the work tree. */
  readonly shown: string
}

export interface TableOptions {
  /** How texts are to be read, by column; the others are read as what all of their values are. */
  readonly types?: Readonly<Record<string, ColumnType>> | undefined
  /** Only the rows whose timestamp lies in [from, until), in UTC. */
  readonly window?:
    | { readonly timestamp: string; readonly from?: Date | undefined; readonly until?: Date | undefined }
    | undefined
}

let opened = 0

/**
 * Opens a source on an engine and counts its rows. Texts are parsed once, into the engine; Parquet is read in place.
 * @throws UserError when a file cannot be read, or the column of the window is missing.
 */
export async function openTable(engine: Engine, source: Source, options: TableOptions = {}): Promise<Table> {
  const reading = (shown: boolean, types: readonly string[]): string => readerOf(engine, source, shown, types)
  const sniffed = await named(source, () => engine.query(`DESCRIBE SELECT * FROM ${reading(false, [])}`))
  const declared = sniffed.map((row) => String(row.column_name)).filter((name) => options.types?.[name])
  const texts = source.format === 'csv' ? declared : []
  const columns = sniffed.map((row) => columnOf(engine, row, texts, options, source))
  const from = { real: reading(false, texts), shown: reading(true, texts) }
  const where = windowOf(engine, columns, options, source)
  opened += 1
  const name = `source_${opened}`
  const kind = source.format === 'parquet' ? 'VIEW' : 'TABLE'
  await named(source, () => engine.query(`CREATE TEMP ${kind} ${name} AS SELECT * FROM ${from.real}${where}`))
  const [count] = await named(source, () => engine.query(`SELECT count(*) AS n FROM ${name}`))
  const shown = where === '' ? from.shown : `(SELECT * FROM ${from.shown}${where})`
  return { engine, source, rows: Number(count?.n), columns, relation: name, shown }
}

function columnOf(
  engine: Engine,
  row: Row,
  texts: readonly string[],
  options: TableOptions,
  source: Source,
): TableColumn {
  const name = String(row.column_name)
  const sqlType = texts.includes(name) ? 'VARCHAR' : String(row.column_type)
  const raw = engine.dialect.identifier(name)
  const wanted = options.types?.[name]
  const parsed = wanted !== undefined && source.format !== 'parquet' && sqlType === 'VARCHAR' && wanted !== 'string'
  const type = parsed ? wanted : columnTypeOf(sqlType)
  return { name, type, sqlType, raw, value: parsed ? engine.dialect.parse(raw, type) : raw, parsed }
}

/** The files as a table: headers are always there, and types are found from all rows. */
function readerOf(engine: Engine, source: Source, shown: boolean, texts: readonly string[]): string {
  const { text } = engine.dialect
  const files = source.files.map((file) => text(shown ? shownPath(source, file) : file)).join(', ')
  if (source.format === 'parquet') return `read_parquet([${files}])`
  if (source.format === 'ndjson') return `read_json([${files}], format = 'newline_delimited', sample_size = -1)`
  const types = texts.map((name) => `${text(name)}: 'VARCHAR'`).join(', ')
  return `read_csv([${files}], header = true, sample_size = -1${types && `, types = {${types}}`})`
}

function windowOf(engine: Engine, columns: readonly TableColumn[], options: TableOptions, source: Source): string {
  const { window } = options
  if (window === undefined || (window.from === undefined && window.until === undefined)) return ''
  const column = columnOfTable(columns, window.timestamp, source)
  const limits = [
    window.from && `${column.value} >= ${engine.dialect.timestamp(window.from)}`,
    window.until && `${column.value} < ${engine.dialect.timestamp(window.until)}`,
  ]
  return ` WHERE ${limits.filter((limit) => limit !== undefined).join(' AND ')}`
}

/**
 * A column by its name.
 * @throws UserError when it is missing.
 */
export function columnNamed(table: Table, name: string): TableColumn {
  return columnOfTable(table.columns, name, table.source)
}

function columnOfTable(columns: readonly TableColumn[], name: string, source: Source): TableColumn {
  const found = columns.find((column) => column.name === name)
  if (found !== undefined) return found
  const names = columns.map((column) => column.name).join(', ')
  throw new UserError({
    what: `has no column ${JSON.stringify(name)}; its columns are ${names}.`,
    where: { file: source.location },
  })
}

/** Names the source in the problems of what reads it. */
async function named<T>(source: Source, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    const problems = error.problems.map((problem) => ({ ...problem, where: { file: source.location } }))
    throw new UserError(problems, { cause: error })
  }
}

/** What a document says of the data: where from, how much, and which state of it. */
export async function dataState(table: Table): Promise<Validation['data']> {
  const digest = await digestSource(table.source)
  return { source: table.source.location, rows: table.rows, columns: table.columns.length, digest }
}

/** Predicate: the row has no value here. NaN is none, as in pandas and in pyarrow's conversion from it. */
export function isMissing(engine: Engine, column: TableColumn): string {
  if (column.type !== 'float') return `${column.raw} IS NULL`
  return `(${column.raw} IS NULL OR ${engine.dialect.isNan(column.value)})`
}
