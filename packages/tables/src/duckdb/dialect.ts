import type { Dialect } from '../dialect.ts'
import type { ColumnType } from '../types.ts'

const text = (value: string): string => `'${value.replaceAll("'", "''")}'`

export const duckdbDialect: Dialect = {
  identifier: (name) => `"${name.replaceAll('"', '""')}"`,
  text,
  timestamp: (instant) => `TIMESTAMP '${instant.toISOString().replace('T', ' ').replace('Z', '')}'`,
  countWhere: (predicate) => `count(*) FILTER (WHERE ${predicate})`,
  isNan: (expression) => `isnan(${expression})`,
  isFinite: (expression) => `isfinite(${expression})`,
  matches: (expression, pattern) => `regexp_matches(${expression}, ${text(pattern)})`,
  parse,
  asText: (expression) => `CAST(${expression} AS VARCHAR)`,
  asDouble: (expression) => `CAST(${expression} AS DOUBLE)`,
  epochMilliseconds: (expression) => `epoch_ms(CAST(${expression} AS TIMESTAMP))`,
  smallest: (expression, n, predicate) => `min(${expression}, ${n}) FILTER (WHERE ${predicate})`,
}

/** DuckDB casts '1.5', '1_000' and '0x1F' to integers: what counts as a number is said here instead. */
function parse(expression: string, type: ColumnType): string {
  switch (type) {
    case 'integer':
      return `CASE WHEN regexp_full_match(${expression}, '\\s*[+-]?[0-9]+(\\.0*)?\\s*') THEN TRY_CAST(${expression} AS BIGINT) END`
    case 'float':
      return `CASE WHEN NOT contains(${expression}, '_') THEN TRY_CAST(${expression} AS DOUBLE) END`
    case 'boolean':
      return `CASE lower(trim(${expression})) WHEN 'true' THEN TRUE WHEN '1' THEN TRUE WHEN 'false' THEN FALSE WHEN '0' THEN FALSE END`
    case 'timestamp':
      return `TRY_CAST(${expression} AS TIMESTAMP)`
    default:
      return expression
  }
}
