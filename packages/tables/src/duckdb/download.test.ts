import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { OutsideError } from '@headgate/core'
import { expect, onTestFinished, test, vi } from 'vitest'
import { fetchDuckdb } from './download.ts'
import { pinnedPackages } from './packages.generated.ts'

interface Locked {
  readonly version: string
  readonly integrity?: string
}

const root = join(import.meta.dirname, '../../../..')

test('every package of DuckDB is pinned as the lock has it, for every platform', () => {
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as { packages: Record<string, Locked> }
  const locked = Object.entries(lock.packages).filter(([path]) => path.startsWith('node_modules/@duckdb/'))
  expect(locked.length).toBeGreaterThan(0)
  for (const [path, { version, integrity }] of locked)
    expect(pinnedPackages[path.slice('node_modules/'.length)]).toEqual({
      version,
      integrity: integrity ?? expect.stringMatching(/^sha512-[\w+/]{86}==$/),
    })
  const platforms = ['linux-x64', 'linux-arm64', 'darwin-x64', 'darwin-arm64', 'win32-x64', 'win32-arm64']
  expect(Object.keys(pinnedPackages)).toEqual(
    expect.arrayContaining(platforms.map((name) => `@duckdb/node-bindings-${name}`)),
  )
})

test('what the registry serves in place of the pinned package is not unpacked, and leaves nothing behind', async () => {
  const home = mkdtempSync(join(tmpdir(), 'headgate-download-'))
  onTestFinished(() => {
    vi.unstubAllEnvs()
    rmSync(home, { recursive: true, force: true })
  })
  mkdirSync(join(home, 'bin'))
  writeFileSync(join(home, 'bin/npm'), '#!/bin/sh\necho other > other.tgz\necho other.tgz\n')
  chmodSync(join(home, 'bin/npm'), 0o755)
  vi.stubEnv('PATH', [join(home, 'bin'), process.env.PATH].join(delimiter))
  const tools = join(home, 'tools')
  const error: unknown = await fetchDuckdb(tools).catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(OutsideError)
  expect((error as Error).message).toMatch(/is not the pinned one \(sha512-/)
  expect(readdirSync(tools)).toEqual([])
})
