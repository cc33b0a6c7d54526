import type { ContractCheck, LogicalType, Metric, Range, Scalar } from '@headgate/contracts'
import { isPortable } from '../dialect.ts'
import type { Table, TableColumn } from '../table.ts'
import { isMissing } from '../table.ts'
import type { ColumnType } from '../types.ts'

/** Which rows a check counts, or why that cannot be said for this data. */
export type Predicate =
  | { readonly where: string; readonly note?: string | undefined }
  /** The values that do not match are found by JavaScript. */
  | { readonly pattern: RegExp; readonly other: string | undefined }
  | { readonly cannot: string }

type RowMetric = Exclude<Metric, { kind: 'row-count' | 'sql' | 'freshness' | 'duplicate-values' }>

export function isRowMetric(metric: Metric): metric is RowMetric {
  return !['row-count', 'sql', 'freshness', 'duplicate-values'].includes(metric.kind)
}

/** The type as which a contract's column is read where the source holds text. */
export function readAs(type: LogicalType | undefined): ColumnType {
  switch (type) {
    case 'integer':
    case 'boolean':
    case 'timestamp':
      return type
    case 'number':
      return 'float'
    case 'date':
      return 'timestamp'
    default:
      return 'string'
  }
}

/** The rows that a check of rows counts. */
export function predicateOf(table: Table, column: TableColumn, metric: RowMetric): Predicate {
  const missing = isMissing(table.engine, column)
  const present = (where: string): Predicate => ({ where: `NOT ${missing} AND (${where})` })
  switch (metric.kind) {
    case 'null-values':
      return { where: missing }
    case 'missing-values':
      return missingValues(table, column, metric.values)
    case 'logical-type':
      return logicalType(table, column, metric.type)
    case 'physical-type':
      return physicalType(table, column, metric.type)
    case 'invalid-values':
      return invalidValues(table, column, metric)
    case 'out-of-range':
      return outOfRange(table, column, metric.range)
    case 'length': {
      const length = `length(${table.engine.dialect.asText(column.raw)})`
      const limits = [
        metric.minimum === undefined ? undefined : `${length} < ${metric.minimum}`,
        metric.maximum === undefined ? undefined : `${length} > ${metric.maximum}`,
      ]
      return present(limits.filter((limit) => limit !== undefined).join(' OR '))
    }
    case 'not-multiple': {
      if (!isNumeric(column)) return { cannot: `the column is ${column.sqlType}, not a number.` }
      const ratio = `(${table.engine.dialect.asDouble(column.value)} / ${metric.of})`
      // Decimal fractions are not exact in binary: 0.3 counts as a multiple of 0.1.
      return present(`NOT ${table.engine.dialect.isFinite(ratio)} OR abs(${ratio} - round(${ratio})) > 1e-9`)
    }
  }
}

function isNumeric(column: TableColumn): boolean {
  return column.type === 'integer' || column.type === 'float'
}

function missingValues(table: Table, column: TableColumn, values: readonly Scalar[]): Predicate {
  const { dialect } = table.engine
  const texts = values.filter((value) => value !== null).map((value) => dialect.text(String(value)))
  // A reader of CSV cannot tell an empty text from none.
  const countsNull = values.includes(null) || (values.includes('') && table.source.format === 'csv')
  const parts = [
    countsNull ? isMissing(table.engine, column) : undefined,
    texts.length > 0 ? `${dialect.asText(column.raw)} IN (${texts.join(', ')})` : undefined,
  ]
  return { where: `(${parts.filter((part) => part !== undefined).join(' OR ')})` }
}

/** What a native column of each logical type may be stored as. */
const stored: Readonly<Record<LogicalType, RegExp>> = {
  string: /^(VARCHAR|UUID|ENUM\(.*\))$/s,
  integer: /^U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?$/,
  number: /^(U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|FLOAT|DOUBLE|DECIMAL\(.*\))$/,
  boolean: /^BOOLEAN$/,
  date: /^DATE$/,
  timestamp: /^TIMESTAMP/,
  time: /^TIME(?!STAMP)/,
  object: /^(STRUCT|MAP|JSON)/,
  array: /\[\d*\]$/,
}

function logicalType(table: Table, column: TableColumn, type: LogicalType): Predicate {
  const { dialect } = table.engine
  const missing = isMissing(table.engine, column)
  const isText = table.source.format !== 'parquet' && column.sqlType === 'VARCHAR'
  if (!column.parsed && (stored[type].test(column.sqlType) || (isText && type === 'string'))) return { where: 'FALSE' }
  const whole = `${column.value} <> date_trunc('day', ${column.value})`
  if (column.parsed) {
    const fails = `${column.raw} IS NOT NULL AND ${column.value} IS NULL`
    return { where: type === 'date' ? `(${fails} OR coalesce(${whole}, FALSE))` : fails }
  }
  if (type === 'time' && isText)
    return { where: `${column.raw} IS NOT NULL AND TRY_CAST(${column.raw} AS TIME) IS NULL` }
  if (type === 'integer' && column.type === 'float')
    return {
      where: `NOT ${missing} AND (NOT ${dialect.isFinite(column.value)} OR ${column.value} <> trunc(${column.value}))`,
    }
  if (type === 'date' && column.type === 'timestamp') return { where: `NOT ${missing} AND ${whole}` }
  return { where: `NOT ${missing}`, note: `The column is stored as ${column.sqlType}.` }
}

const physicalNames: Readonly<Record<string, RegExp>> = {
  TINYINT: /^(tinyint|int8)$/,
  SMALLINT: /^(smallint|int16|int2)$/,
  INTEGER: /^(integer|int|int32|int4)$/,
  BIGINT: /^(bigint|long|int64)$/,
  FLOAT: /^(float|real|float4|float32)$/,
  DOUBLE: /^(double|double precision|float8|float64)$/,
  BOOLEAN: /^(boolean|bool)$/,
  VARCHAR: /^(varchar|char|text|string|utf8|large_string)(\(\d+\))?$/,
  DATE: /^(date|date32)$/,
  TIMESTAMP: /^(timestamp|datetime)(\(\d\))?$/,
}

function physicalType(table: Table, column: TableColumn, type: string): Predicate {
  const name = type.trim().toLowerCase()
  const known = Object.entries(physicalNames).find(([, pattern]) => pattern.test(name))?.[0]
  const decimal = /^(?:decimal|numeric)\((\d+),\s*(\d+)\)$/.exec(name)
  const wanted = decimal ? `DECIMAL(${decimal[1]},${decimal[2]})` : known
  if (wanted === undefined) return { cannot: `the physical type ${JSON.stringify(type)} is not known here.` }
  if (table.source.format !== 'parquet' && column.sqlType === 'VARCHAR')
    return { where: `${column.raw} IS NOT NULL AND TRY_CAST(${column.raw} AS ${wanted}) IS NULL` }
  const isSame = column.sqlType === wanted || (wanted === 'TIMESTAMP' && column.sqlType.startsWith('TIMESTAMP'))
  if (isSame) return { where: 'FALSE' }
  return { where: `NOT ${isMissing(table.engine, column)}`, note: `The column is stored as ${column.sqlType}.` }
}

function invalidValues(
  table: Table,
  column: TableColumn,
  metric: { valid?: readonly Scalar[]; pattern?: string },
): Predicate {
  const { dialect } = table.engine
  const missing = isMissing(table.engine, column)
  const parts: string[] = []
  if (metric.valid !== undefined) {
    const literals = metric.valid.filter((value) => value !== null).map((value) => literal(table, column, value))
    const wrong = literals.find((one) => typeof one !== 'string')
    if (wrong !== undefined) return wrong
    // A text that is no value of its type is not a valid value either.
    parts.push(literals.length === 0 ? 'TRUE' : `coalesce(${column.value} NOT IN (${literals.join(', ')}), TRUE)`)
  }
  const text = dialect.asText(column.raw)
  if (metric.pattern !== undefined) {
    if (!isPortable(metric.pattern)) return { pattern: new RegExp(metric.pattern, 'u'), other: parts[0] }
    parts.push(`NOT ${dialect.matches(text, metric.pattern)}`)
  }
  return { where: `NOT ${missing} AND (${parts.join(' OR ')})` }
}

function outOfRange(table: Table, column: TableColumn, range: Range): Predicate {
  const limits = (
    [
      ['<', range.minimum],
      ['>', range.maximum],
      ['<=', range.above],
      ['>=', range.below],
    ] as const
  ).flatMap(([sign, limit]) => (limit === undefined ? [] : [[sign, literal(table, column, limit)] as const]))
  const parts: string[] = []
  for (const [sign, limit] of limits) {
    if (typeof limit !== 'string') return limit
    parts.push(`${column.value} ${sign} ${limit}`)
  }
  return { where: `NOT ${isMissing(table.engine, column)} AND (${parts.join(' OR ')})` }
}

/** A contract's value in SQL, of the column's type. */
function literal(table: Table, column: TableColumn, value: Exclude<Scalar, null>): string | { cannot: string } {
  const { dialect } = table.engine
  const cannot = { cannot: `${JSON.stringify(value)} is no value of the column, which is ${column.sqlType}.` }
  switch (column.type) {
    case 'string':
      return dialect.text(String(value))
    case 'integer':
    case 'float': {
      const number = typeof value === 'boolean' || value === '' ? Number.NaN : Number(value)
      return Number.isFinite(number) ? String(number) : cannot
    }
    case 'boolean':
      return /^(true|false)$/i.test(String(value)) ? String(value).toUpperCase() : cannot
    case 'timestamp': {
      const instant = new Date(utc(String(value)))
      return Number.isNaN(instant.getTime()) ? cannot : dialect.timestamp(instant)
    }
    default:
      return cannot
  }
}

/** A timestamp without a zone is in UTC. */
function utc(text: string): string {
  return /T.*(Z|[+-]\d\d:?\d\d)$/i.test(text) || !text.includes('T') ? text : `${text}Z`
}

/** Whether a check is better counted on the column's distinct values than on its rows. */
export function isOfDistinctValues(column: TableColumn, check: ContractCheck): boolean {
  return column.sqlType === 'VARCHAR' && ['invalid-values', 'length'].includes(check.metric.kind)
}
