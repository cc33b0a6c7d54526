import type { columnTypes } from '@headgate/core'

export type ColumnType = (typeof columnTypes)[number]

/** The logical type of a type in SQL. */
export function columnTypeOf(sqlType: string): ColumnType {
  if (/^U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?$/.test(sqlType)) return 'integer'
  if (/^(FLOAT|DOUBLE|REAL|DECIMAL\(.*\))$/.test(sqlType)) return 'float'
  if (sqlType === 'BOOLEAN') return 'boolean'
  if (/^(VARCHAR|UUID|ENUM\(.*\))$/s.test(sqlType)) return 'string'
  if (/^(DATE|TIMESTAMP.*)$/.test(sqlType)) return 'timestamp'
  return 'other'
}
