import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { messageOf, OutsideError, UserError } from '@headgate/core'
import { pinnedPackages } from './packages.generated.ts'

const run = promisify(execFile)

/**
 * The folder with DuckDB's packages for this platform, fetched once through npm (so that a mirror set there is used)
 * and checked against the lock. Whole or not there: it appears by one rename.
 * @throws UserError for a platform without a pinned package, OutsideError when a package cannot be had or is another.
 */
export async function fetchDuckdb(tools: string): Promise<string> {
  const native = `@duckdb/node-bindings-${platformName()}`
  const names = ['@duckdb/node-api', '@duckdb/node-bindings', 'detect-libc', native]
  if (pinnedPackages[native] === undefined) {
    throw new UserError({
      what: `DuckDB publishes no library for ${platformName()}.`,
      fix: 'Name a folder with its npm packages by `duckdb-library`.',
    })
  }
  const folder = join(tools, `duckdb-${pinnedPackages[native].version}-${platformName()}`)
  if (existsSync(folder)) return folder
  await mkdir(tools, { recursive: true })
  const draft = await mkdtemp(join(tools, '.duckdb-'))
  try {
    for (const name of names) await unpack(name, draft)
    await rename(draft, folder).catch((error: unknown) => {
      if (!existsSync(folder)) throw error
    })
  } finally {
    await rm(draft, { recursive: true, force: true })
  }
  return folder
}

function platformName(): string {
  const isMusl = process.platform === 'linux' && !existsSync('/lib64/ld-linux-x86-64.so.2') && hasMusl()
  return `${process.platform}-${process.arch}${isMusl ? '-musl' : ''}`
}

function hasMusl(): boolean {
  return existsSync(`/lib/ld-musl-${process.arch === 'x64' ? 'x86_64' : 'aarch64'}.so.1`)
}

async function unpack(name: string, draft: string): Promise<void> {
  const { version, integrity } = pinnedPackages[name] ?? { version: '', integrity: undefined }
  const archive = await fetchArchive(`${name}@${version}`, draft)
  const found = `sha512-${createHash('sha512')
    .update(await readFile(archive))
    .digest('base64')}`
  if (found !== integrity) {
    throw new OutsideError({
      tried: `Fetched ${name}@${version}.`,
      state: `Its content is not the pinned one (${found}): nothing was loaded.`,
      next: 'Ask who serves this registry, or name a trusted folder by `duckdb-library`.',
    })
  }
  const target = join(draft, 'node_modules', name)
  await mkdir(target, { recursive: true })
  await run('tar', ['-xzf', archive, '-C', target, '--strip-components=1'])
  await rm(archive)
}

async function fetchArchive(wanted: string, folder: string): Promise<string> {
  const isWindows = process.platform === 'win32'
  const options = { cwd: folder, shell: isWindows, maxBuffer: 1 << 24 }
  try {
    const { stdout } = await run(isWindows ? 'npm.cmd' : 'npm', ['pack', wanted, '--silent'], options)
    return join(folder, stdout.trim().split('\n').at(-1) ?? '')
  } catch (error) {
    throw new OutsideError(
      {
        tried: `Fetched ${wanted} by npm.`,
        state: `It failed (${messageOf(error)}); nothing was changed.`,
        next: 'Run again when the registry answers, or name a folder with DuckDB’s npm packages by `duckdb-library`.',
      },
      { cause: error },
    )
  }
}
