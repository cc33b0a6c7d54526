import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Writes which npm packages make up DuckDB, with the integrity that package-lock.json has of each. */

interface Locked {
  readonly version: string
  readonly integrity?: string
}

const root = join(import.meta.dirname, '../../..')
const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as { packages: Record<string, Locked> }
const wanted = /^node_modules\/(@duckdb\/.+|detect-libc)$/
const entries = Object.entries(lock.packages).flatMap(([path, { version, integrity }]) => {
  const name = wanted.exec(path)?.[1]
  const known = integrity === undefined ? '' : `, integrity: '${integrity}'`
  return name === undefined ? [] : [`  '${name}': { version: '${version}'${known} },\n`]
})
const text = `// Written by packages/tables/scripts/duckdb-packages.ts from package-lock.json.

export interface PinnedPackage {
  readonly version: string
  /** Absent where the lock has none: such a platform needs \`duckdb-library\`. */
  readonly integrity?: string
}

export const pinnedPackages: Readonly<Record<string, PinnedPackage>> = {
${entries.join('')}}
`
writeFileSync(join(import.meta.dirname, '../src/duckdb/packages.generated.ts'), text)
