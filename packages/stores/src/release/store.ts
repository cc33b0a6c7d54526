import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { File } from '@headgate/core'
import { OutsideError, UserError } from '@headgate/core'
import type { Forge, Release } from '@headgate/forges'
import type { StoreOptions } from '../open.ts'
import type { Place, Source, Store } from '../port.ts'
import { missing, objectName, placeVerified } from '../verify.ts'
import type { Part } from './parts.ts'
import { cutPart, joinParts, parseManifest, partsOf } from './parts.ts'

/** GitHub refuses assets from 2 GiB on; this leaves room. */
const defaultPartBytes = 1_900_000_000
/** GitHub keeps at most 1,000 assets in one release. */
const maxAssets = 1000

/**
 * Files as assets of a release, one release for each content of a model. The release is there before the version's
 * tag is pushed, and so has a tag of its own, which no version carries: `headgate-store/<model>/<digest>`.
 * @throws UserError without a forge, and for another repository than the forge's.
 */
export function releaseStore(location: string, options: StoreOptions): Store {
  const { forge, forgeUrl } = options
  if (forge === undefined) throw noForge()
  if (location !== '' && forgeUrl !== undefined && location !== forgeUrl) throw elsewhere(location, forgeUrl)
  const self = { kind: 'release', location: forgeUrl ?? location, writesRepository: true }
  return {
    ...self,
    put: (place, files) => putAll(forge, place, files, options.partBytes ?? defaultPartBytes),
    fetch: async (place, files, into) => {
      const release = await forge.findRelease(tagOf(place))
      for (const file of files) {
        await placeVerified(self, file, into, async (temporary) => {
          if (file.bytes === 0) return writeFile(temporary, '')
          const isFound = release !== undefined && (await download(forge, release, file, temporary))
          if (!isFound) throw missing(self, file)
        })
      }
    },
  }
}

/** The tag of the release that keeps a model's content. */
export function tagOf({ name, digest }: Place): string {
  return `headgate-store/${name}/${objectName(digest).slice(0, 'sha256-'.length + 20)}`
}

async function putAll(forge: Forge, place: Place, files: readonly Source[], partBytes: number): Promise<void> {
  // A forge refuses empty assets; an empty file needs none.
  const needed = [...new Map(files.filter(({ bytes }) => bytes > 0).map((file) => [file.digest, file])).values()]
  if (needed.length > maxAssets) throw tooMany(needed.length)
  const release = await releaseOf(forge, place)
  for (const file of needed) {
    if (file.bytes <= partBytes) await upload(forge, release, objectName(file.digest), file.source, file.bytes)
    else await uploadParts(forge, release, file, partBytes)
  }
}

async function releaseOf(forge: Forge, place: Place): Promise<Release> {
  const tag = tagOf(place)
  const found = await forge.findRelease(tag)
  if (found) return found
  const body = `The files of a version of the model ${place.name}, by digest. Its tree is ${place.digest}. Which version has it is said by the tags ${place.name}@v….`
  try {
    return await forge.createRelease({ tag, title: `${place.name} ${place.digest.slice(0, 19)}`, body, draft: false })
  } catch (error) {
    // Somebody else may have made it in between; the same content makes the same release.
    const made = await forge.findRelease(tag).catch(() => undefined)
    if (made) return made
    throw error
  }
}

/** Uploads an asset unless it is there whole; what an upload that was cut off left is replaced. */
async function upload(forge: Forge, release: Release, name: string, path: string, bytes: number): Promise<void> {
  const before = release.assets.find((asset) => asset.name === name)
  if (before?.bytes === bytes) return
  if (before) await forge.deleteAsset(release, before)
  const asset = await forge.uploadAsset(release, name, path, bytes)
  if (asset.bytes !== bytes) {
    throw new OutsideError({
      tried: `Uploaded ${name} (${bytes} bytes) to the release ${release.tag}.`,
      state: `The forge has ${asset.bytes} bytes of it; no version refers to it yet.`,
      next: 'Run again: the asset is replaced.',
    })
  }
}

/** Uploads a file in parts; the manifest comes last, so that a file without one is not there. */
async function uploadParts(forge: Forge, release: Release, file: Source, partBytes: number): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'headgate-parts-'))
  try {
    const parts: Part[] = []
    for (const range of partsOf(file.bytes, partBytes)) {
      const path = join(folder, 'part')
      const part = await cutPart(file, range, path)
      await upload(forge, release, part.name, path, part.bytes)
      parts.push(part)
    }
    const manifest = JSON.stringify({ digest: file.digest, bytes: file.bytes, parts })
    const path = join(folder, 'manifest')
    await writeFile(path, manifest)
    await upload(forge, release, manifestName(file), path, Buffer.byteLength(manifest))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function manifestName(file: File): string {
  return `${objectName(file.digest)}.parts.json`
}

async function download(forge: Forge, release: Release, file: File, to: string): Promise<boolean> {
  const fetchAsset = async (name: string, path: string): Promise<boolean> => {
    const asset = release.assets.find((candidate) => candidate.name === name)
    if (asset) await forge.downloadAsset(release, asset, path)
    return asset !== undefined
  }
  if (await fetchAsset(objectName(file.digest), to)) return true
  const folder = await mkdtemp(join(tmpdir(), 'headgate-parts-'))
  try {
    const manifest = join(folder, 'manifest')
    if (!(await fetchAsset(manifestName(file), manifest))) return false
    return await joinParts(await parseManifest(manifest), folder, to, fetchAsset)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function noForge(): UserError {
  return new UserError({
    what: 'the store `release` needs a forge, and a token for it.',
    fix: 'Run in CI with a token, or say `store: directory:PATH`.',
  })
}

function elsewhere(location: string, forgeUrl: string): UserError {
  return new UserError({
    what: `the model is stored in releases of ${location}, and this run speaks to ${forgeUrl}.`,
    fix: 'Run in that repository.',
  })
}

function tooMany(count: number): UserError {
  return new UserError({
    what: `the model has ${count} files; a release keeps at most ${maxAssets}.`,
    fix: 'Pack them into one archive in the training’s output, or use another store.',
  })
}
