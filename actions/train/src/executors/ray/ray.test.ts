import { mkdirSync, mkdtempSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { digestOf } from '@headgate/core'
import { expect, test } from 'vitest'
import type { Spec } from '../port.ts'
import { placeTraining } from './placement.ts'
import { installing } from './requirements.ts'
import { raySettings } from './settings.ts'

const digest = digestOf('')

function treeOf(...files: readonly string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'ray-'))
  mkdirSync(join(folder, 'data'))
  for (const file of files) writeFileSync(join(folder, file), '')
  return folder
}

test('code and data that is files travel; URLs stay as they are', async () => {
  const folder = treeOf('train.py', 'data/a.csv')
  const outside = treeOf('b.csv')
  const locations = [join(folder, 'data'), join(outside, 'b.csv'), 's3://bucket/c.parquet']
  const data = locations.map((location) => ({ location, digest }))
  const placement = await placeTraining({ folder, files: ['train.py'], data } as unknown as Spec)
  expect(placement.data).toEqual(['data', '.headgate/data/1/b.csv', 's3://bucket/c.parquet'])
  const paths = placement.entries.map(({ path }) => path)
  expect(paths).toEqual(['train.py', 'data/a.csv', '.headgate/data/1/b.csv', '.headgate/ray/driver.py'])
})

test('more than 100 MB of files is refused, with the largest by name', async () => {
  const folder = treeOf('train.py', 'data/a.csv')
  truncateSync(join(folder, 'data/a.csv'), 100_000_001)
  const data = [{ location: join(folder, 'data/a.csv'), digest }]
  const placing = placeTraining({ folder, files: ['train.py'], data } as unknown as Spec)
  await expect(placing).rejects.toThrow(/have 101 MB; the largest: data\/a\.csv \(101 MB\).*URLs/)
})

test('Ray installs what a requirements-like lock says, and no other lock is passed over', async () => {
  const folder = treeOf('uv.lock', 'requirements.txt')
  const lock = join(folder, 'requirements.txt')
  writeFileSync(lock, '# pinned\na==1 \\\n    --hash=sha256:0 \\\n    --hash=sha256:1\n\nb[x]==2  # why\n')
  const packages = ['a==1 --hash=sha256:0 --hash=sha256:1', 'b[x]==2']
  const wanted = { requirements: 'lock', installer: 'pip' } as const
  expect(await installing({ folder, lock }, wanted)).toEqual({ pip: { packages } })
  expect(await installing({ folder, lock }, { ...wanted, installer: 'uv' })).toEqual({ uv: { packages } })
  expect(await installing({ folder, lock }, { ...wanted, requirements: 'off' })).toEqual({})
  expect(await installing({ folder, lock: null }, wanted)).toEqual({})
  const other = { folder, lock: join(folder, 'uv.lock') }
  await expect(installing(other, wanted)).rejects.toThrow(/uv export.*requirements: off/)
  expect(await installing(other, { ...wanted, requirements: 'requirements.txt' })).toEqual({ pip: { packages } })
  await expect(installing(other, { ...wanted, requirements: 'none.txt' })).rejects.toThrow(/there is no none\.txt/)
})

test('what has a setting of its own is not taken from the runtime environment', () => {
  const parse = (runtimeEnv: object) => raySettings.safeParse({ address: 'http://head:8265', runtimeEnv })
  expect(parse({ image_uri: 'acme/ray:1' }).success).toBe(true)
  expect(parse({ env_vars: { A: '1' } }).error?.issues[0]?.message).toMatch(/say `env`/)
})
