import type { Dialect } from './dialect.ts'

/** A single value of a result. What JSON cannot hold arrives as text; integers beyond 2^53 too. */
export type Value = number | string | boolean | null
export type Row = Readonly<Record<string, Value | readonly Value[]>>

/** Runs SQL over files. Not for concurrent use. */
export interface Engine {
  readonly name: string
  readonly dialect: Dialect
  /** How many statements have read data so far. */
  readonly queries: () => number
  query(sql: string): Promise<readonly Row[]>
  /** Runs what somebody else wrote: refuses more than one statement. Confine the engine before. */
  queryForeign(sql: string): Promise<readonly Row[]>
  /** The only column of a query, which must be DOUBLE and without NULL. */
  doubles(sql: string): Promise<Float64Array>
  /** From here on nothing but these files can be read, and no setting changed: before SQL of others runs. */
  confine(files: readonly string[]): Promise<void>
  close(): Promise<void>
}

export interface EngineOptions {
  /** A folder with DuckDB's npm packages, in place of a download. */
  readonly library?: string | undefined
  /** Where pinned downloads are kept. */
  readonly tools: string
  /** Where the engine may spill to. */
  readonly temporary: string
}
