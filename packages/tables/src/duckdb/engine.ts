import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { messageOf, UserError } from '@headgate/core'
import type { Engine, EngineOptions, Row, Value } from '../port.ts'
import { duckdbDialect } from './dialect.ts'
import type { Duckdb } from './load.ts'
import { loadDuckdb } from './load.ts'

type Connection = Awaited<ReturnType<Awaited<ReturnType<Duckdb['DuckDBInstance']['create']>>['connect']>>

/**
 * Parquet statistics written by pyarrow ignore NaN: optimizations that trust them lose those rows, so they are off.
 * Nothing is ever installed or loaded behind our back.
 */
const settings = [
  `SET disabled_optimizers = 'statistics_propagation,filter_pushdown'`,
  'SET autoinstall_known_extensions = false',
  'SET autoload_known_extensions = false',
  `SET TimeZone = 'UTC'`,
]

/** DuckDB inside this process. */
export async function openEngine(options: EngineOptions): Promise<Engine> {
  const duckdb = await loadDuckdb(options)
  const instance = await duckdb.DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  const spill = join(options.temporary, 'duckdb')
  await mkdir(spill, { recursive: true })
  const { text } = duckdbDialect
  for (const setting of [...settings, `SET temp_directory = ${text(spill)}`]) await connection.run(setting)
  let queries = 0
  return {
    name: 'duckdb',
    dialect: duckdbDialect,
    queries: () => queries,
    query: async (sql) => {
      queries += 1
      return readRows(connection, sql)
    },
    queryForeign: async (sql) => {
      queries += 1
      const statements = await failing(() => connection.extractStatements(sql))
      if (statements.count !== 1) throw new UserError({ what: 'expected a single SQL statement.' })
      return readRows(connection, sql)
    },
    doubles: async (sql) => {
      queries += 1
      return readDoubles(connection, sql)
    },
    confine: async (files) => {
      await connection.run(`SET allowed_paths = [${files.map(text).join(', ')}]`)
      await connection.run(`SET allowed_directories = [${text(spill)}]`)
      await connection.run('SET enable_external_access = false')
      await connection.run('SET lock_configuration = true')
    },
    close: async () => {
      connection.closeSync()
      instance.closeSync()
    },
  }
}

async function readRows(connection: Connection, sql: string): Promise<readonly Row[]> {
  const reader = await failing(() => connection.runAndReadAll(sql))
  return reader.getRowObjectsJS().map((row) => {
    const entries = Object.entries(row).map(([name, value]) => [name, plain(value)])
    return Object.fromEntries(entries) as Row
  })
}

/** What DuckDB refuses is the data's or the query's fault: a file cut short, a line that does not parse. */
async function failing<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw new UserError({ what: `DuckDB: ${messageOf(error).trim()}` }, { cause: error })
  }
}

function plain(value: unknown): Value | Value[] {
  if (Array.isArray(value)) return value.map((part) => plain(part) as Value)
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value)
  if (value instanceof Date) return value.toISOString()
  if (value === null || typeof value === 'number' || typeof value === 'boolean' || typeof value === 'string')
    return value
  return JSON.stringify(value) ?? String(value)
}

async function readDoubles(connection: Connection, sql: string): Promise<Float64Array> {
  const result = await failing(() => connection.run(sql))
  const chunks = await failing(() => result.fetchAllChunks())
  const values = new Float64Array(chunks.reduce((sum, chunk) => sum + chunk.rowCount, 0))
  let next = 0
  for (const chunk of chunks) {
    const vector = chunk.getColumnVector(0)
    for (let index = 0; index < chunk.rowCount; index += 1) values[next + index] = vector.getItem(index) as number
    next += chunk.rowCount
  }
  return values
}
