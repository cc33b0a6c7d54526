import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { digestOf, UserError } from '@headgate/core'
import { digestFile, listTree } from '@headgate/files'
import type { Forge, Release, ReleaseAsset } from '@headgate/forges'
import { expect, test } from 'vitest'
import { storeConformance } from './conformance.ts'
import { openStore, openStoreOf } from './index.ts'
import { objectName } from './verify.ts'

const folder = () => mkdtemp(join(tmpdir(), 'store-'))

storeConformance('directory', async () => {
  const workspace = await folder()
  const root = join(workspace, 'kept')
  const again = () => openStore('directory:kept', { workspace, ephemeral: false })
  const kept = async () => (await listTree(root)).map((path) => join(root, path))
  return {
    store: await again(),
    again,
    spoil: async () => {
      for (const path of await kept()) await writeFile(path, 'spoilt')
    },
    empty: () => rm(root, { recursive: true }),
    writes: async () => {
      const times = await Promise.all((await kept()).map(async (path) => (await stat(path)).mtimeMs))
      return times.reduce((sum, time) => sum + time, 0)
    },
  }
})

/** Releases as a forge keeps them, in memory. */
function releases() {
  const bytes = new Map<string, Buffer>()
  const kept = new Map<string, { id: string; tag: string; url: string; assets: ReleaseAsset[] }>()
  const uploads: string[] = []
  const absent = () => Promise.reject(new Error('not part of a store'))
  const own = (release: Release) => {
    const found = kept.get(release.tag)
    if (!found) throw new Error(`no release ${release.tag}`)
    return found
  }
  const forge: Forge = {
    kind: 'github',
    upsertComment: absent,
    report: absent,
    findPullRequest: absent,
    dispatch: absent,
    runState: absent,
    updateRelease: absent,
    findRelease: async (tag) => structuredClone(kept.get(tag)),
    createRelease: async ({ tag }) => {
      if (kept.has(tag)) throw new Error('already_exists')
      kept.set(tag, { id: tag, tag, url: '', assets: [] })
      return { id: tag, tag, url: '', assets: [] }
    },
    uploadAsset: async (release, name, path, size) => {
      const content = await readFile(path)
      if (content.length === 0 || content.length !== size) throw new Error('422')
      if (own(release).assets.some((asset) => asset.name === name)) throw new Error('already_exists')
      const asset = { id: `${release.tag} ${name}`, name, bytes: content.length }
      bytes.set(asset.id, content)
      own(release).assets.push(asset)
      uploads.push(name)
      return asset
    },
    downloadAsset: async (_release, asset, to) => writeFile(to, bytes.get(asset.id) ?? ''),
    deleteAsset: async (release, asset) => {
      own(release).assets = own(release).assets.filter(({ id }) => id !== asset.id)
    },
  }
  return { forge, bytes, kept, uploads }
}

async function releaseBench() {
  const twin = releases()
  const options = {
    workspace: await folder(),
    ephemeral: true,
    forge: twin.forge,
    forgeUrl: 'https://x/o/r',
    partBytes: 1000,
  }
  return { ...twin, options, again: () => openStore(undefined, options) }
}

storeConformance('release', async () => {
  const { again, bytes, kept, uploads } = await releaseBench()
  return {
    store: await again(),
    again,
    spoil: async () => {
      for (const [id, content] of bytes) if (!id.endsWith('.json')) bytes.set(id, Buffer.alloc(content.length, 'x'))
    },
    empty: async () => kept.clear(),
    writes: async () => uploads.length,
  }
})

test('a file above the limit is split, each part below it, with a manifest', async () => {
  const { again, uploads, options } = await releaseBench()
  const source = join(options.workspace, 'weights')
  const content = 'abcde'.repeat(500)
  await writeFile(source, content)
  const file = { path: 'weights', digest: digestOf(content), bytes: 2500, source }
  await (await again()).put({ name: 'm', digest: file.digest }, [file])
  const name = file.digest.replace(':', '-')
  expect(uploads).toEqual([`${name}.part1`, `${name}.part2`, `${name}.part3`, `${name}.parts.json`])
})

test('an asset that an upload left half is replaced', async () => {
  const { again, kept, bytes, forge, options } = await releaseBench()
  const source = join(options.workspace, 'weights')
  await writeFile(source, 'whole')
  const file = { path: 'weights', digest: digestOf('whole'), bytes: 5, source }
  const place = { name: 'm', digest: file.digest }
  await (await again()).put(place, [file])
  const [release] = [...kept.values()]
  if (!release) throw new Error('nothing was released')
  release.assets = release.assets.map((asset) => ({ ...asset, bytes: 2 }))
  await (await openStore('release', { ...options, forge })).put(place, [file])
  expect(release.assets.map((asset) => asset.bytes)).toEqual([5])
  expect(bytes.size).toBe(1)
})

test('what would be lost is refused', async () => {
  const ephemeral = { workspace: '/w', ephemeral: true }
  await expect(openStore('directory:../store', ephemeral)).rejects.toThrow(/would be lost/)
  await expect(openStore(undefined, ephemeral)).rejects.toThrow(UserError)
})

test('a store that stands in a variable which is not set is an error only where it is opened', async () => {
  await expect(openStore('directory:${env:STORE_DIR}', { workspace: '/w', ephemeral: false })).rejects.toThrow(
    /`store`: \$\{env:STORE_DIR\} is not set\. .*fork/,
  )
})

test('a laptop keeps models beside its Git objects, and says so in a way that opens it again', async () => {
  const options = { workspace: await folder(), ephemeral: false }
  execFileSync('git', ['init', '-q'], { cwd: options.workspace })
  const store = await openStore(undefined, options)
  expect([store.kind, store.location]).toEqual(['directory', '.git/headgate/store'])
  expect((await openStoreOf({ store }, options)).location).toBe(store.location)
})

test('a misspelt kind is an error with the nearest known one', async () => {
  await expect(openStore('directry:x', { workspace: '/w', ephemeral: false })).rejects.toThrow(
    /did you mean "directory"/,
  )
})

test('a model that is stored in another repository is not looked for in this one', async () => {
  const { options } = await releaseBench()
  await expect(openStore('release:https://x/other/repo', options)).rejects.toThrow(/other\/repo/)
})

test('what a writer that was killed left in a directory store is swept by the next one', async () => {
  const workspace = await folder()
  const source = join(workspace, 'model.bin')
  await writeFile(source, 'weights')
  const file = { path: 'model.bin', source, ...(await digestFile(source)) }
  const place = { name: 'team/m', digest: file.digest }
  const kept = join(workspace, 'kept/team/m')
  const program = `
    const { replaceAtomically } = await import('@headgate/files')
    await replaceAtomically(${JSON.stringify(join(kept, objectName(file.digest)))}, async (temporary) => {
      const { writeFileSync } = await import('node:fs')
      writeFileSync(temporary, 'weig')
      process.kill(process.pid, 'SIGKILL')
    })`
  spawnSync(process.execPath, ['--conditions=source', '--input-type=module', '-e', program], {
    cwd: import.meta.dirname,
  })
  expect(await listTree(kept)).toEqual([expect.stringMatching(/^\.sha256-.*\.partial$/)])
  await (await openStore('directory:kept', { workspace, ephemeral: false })).put(place, [file])
  expect(await listTree(kept)).toEqual([objectName(file.digest)])
})
