import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { UserError } from '@headgate/core'
import type { EngineOptions } from '../port.ts'

export type Duckdb = typeof import('@duckdb/node-api')

/**
 * Loads DuckDB: from the folder `library`, else from the installed packages, else from a pinned download in `tools`.
 * The bundler is told to leave the import alone: 70 MB of native code do not belong into a bundle.
 */
export async function loadDuckdb(options: Pick<EngineOptions, 'library' | 'tools'>): Promise<Duckdb> {
  if (options.library !== undefined) return loadFrom(options.library)
  return (await loadInstalled()) ?? loadFrom(await download(options.tools))
}

async function loadInstalled(): Promise<Duckdb | undefined> {
  try {
    return await import(/* webpackIgnore: true */ '@duckdb/node-api')
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const isAbsent = code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND' || /unsupported arch/.test(message)
    if (isAbsent) return undefined
    throw error
  }
}

async function download(tools: string): Promise<string> {
  const { fetchDuckdb } = await import('./download.ts')
  return fetchDuckdb(tools)
}

/** @param folder a `node_modules`, or the folder that holds it */
function loadFrom(folder: string): Duckdb {
  const at = [join(folder, 'node_modules'), folder].find((one) => existsSync(join(one, '@duckdb/node-api')))
  if (at === undefined) {
    throw new UserError({
      what: 'the folder of `duckdb-library` holds no @duckdb/node-api.',
      where: { file: folder },
      fix: 'Run `npm install --prefix <folder> @duckdb/node-api` there, or copy a `node_modules` that has it.',
    })
  }
  return createRequire(join(at, '@duckdb/node-api/package.json'))('./lib/index.js') as Duckdb
}
