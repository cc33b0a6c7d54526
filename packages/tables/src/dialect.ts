import type { ColumnType } from './types.ts'

/** What differs between the engines' SQL. Everything else is written once. */
export interface Dialect {
  identifier(name: string): string
  text(value: string): string
  timestamp(instant: Date): string
  /** `count` of the rows for which a predicate holds. */
  countWhere(predicate: string): string
  isNan(expression: string): string
  isFinite(expression: string): string
  /** Whether a part of the text matches; the pattern is one that every engine understands alike. */
  matches(expression: string, pattern: string): string
  /** The value that a text stands for, or NULL. */
  parse(text: string, type: ColumnType): string
  asText(expression: string): string
  asDouble(expression: string): string
  /** Milliseconds since 1970 in UTC. */
  epochMilliseconds(expression: string): string
  /** The `n` smallest values among the rows for which a predicate holds, as a list. */
  smallest(expression: string, n: number, predicate: string): string
}

/**
 * Whether RE2 and Java read a pattern of ECMA-262 as JavaScript does: no look-around, no back references, no classes
 * that differ. Other patterns are matched by JavaScript itself, on the column's distinct values.
 */
export function isPortable(pattern: string): boolean {
  return !/\(\?(?!:)|\\[1-9ucpPksS]|\[\^?\]|\{\d{4,}/.test(pattern)
}
