import { UserError } from '@headgate/core'
import type { Engine, EngineOptions } from './port.ts'

export const engineNames = ['auto', 'duckdb', 'spark', 'postgres'] as const
export type EngineName = (typeof engineNames)[number]

const engines = { duckdb: () => import('./duckdb/engine.ts') }

/**
 * Opens an engine; the caller closes it. `auto` is DuckDB.
 * @throws UserError for an engine that this release does not have.
 */
export async function openEngine(name: EngineName, options: EngineOptions): Promise<Engine> {
  if (name === 'spark' || name === 'postgres') {
    throw new UserError({ what: `the engine \`${name}\` is not in this release.`, fix: 'Use `engine: duckdb`.' })
  }
  const { openEngine: open } = await engines.duckdb()
  return open(options)
}
