import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Writes which npm packages make up DuckDB on every platform, with the integrity of each: as package-lock.json has it,
 * and for the platforms that no installation here brings, as the registry publishes it. Part of `npm run lock`.
 */

interface Locked {
  readonly version: string
  readonly integrity?: string
}

const root = join(import.meta.dirname, '../../..')
const target = join(import.meta.dirname, '../src/duckdb/packages.generated.ts')
const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as { packages: Record<string, Locked> }
const wanted = /^node_modules\/(@duckdb\/.+|detect-libc)$/

/** @throws Error with npm's own words where the registry does not have the package. */
function publishedIntegrity(name: string, version: string): string {
  const integrity = execFileSync('npm', ['view', `${name}@${version}`, 'dist.integrity'], { encoding: 'utf8' }).trim()
  if (!integrity.startsWith('sha512-')) throw new Error(`${name}@${version}: the registry says "${integrity}"`)
  return integrity
}

const entries = Object.entries(lock.packages).flatMap(([path, { version, integrity }]) => {
  const name = wanted.exec(path)?.[1]
  if (name === undefined) return []
  const known = integrity ?? publishedIntegrity(name, version)
  return [`  '${name}': {\n    version: '${version}',\n    integrity: '${known}',\n  },\n`]
})
const text = `// Written by packages/tables/scripts/duckdb-packages.ts, from package-lock.json and the registry.

export interface PinnedPackage {
  readonly version: string
  readonly integrity: string
}

export const pinnedPackages: Readonly<Record<string, PinnedPackage>> = {
${entries.join('')}}
`
writeFileSync(target, text)
console.log(`Pinned ${entries.length} packages of DuckDB.`)
