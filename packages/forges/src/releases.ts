import { createWriteStream, openAsBlob } from 'node:fs'
import { mkdir, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { OutsideError } from '@headgate/core'
import { z } from 'zod'
import type { Forge, Release, ReleaseAsset } from './port.ts'
import { Rejection } from './rejection.ts'
import type { Rest } from './rest.ts'

const assetSchema = z.object({
  id: z.int(),
  name: z.string(),
  size: z.int().default(0),
  /** On GitHub anything but `uploaded` is an upload that broke off. */
  state: z.string().default('uploaded'),
})
const releaseSchema = z.object({
  id: z.int(),
  tag_name: z.string(),
  html_url: z.string().default(''),
  upload_url: z.string().optional(),
  assets: z.array(assetSchema).nullish(),
})

type Releases = Pick<
  Forge,
  'findRelease' | 'createRelease' | 'updateRelease' | 'uploadAsset' | 'downloadAsset' | 'deleteAsset'
>

const byId = '/repos/{owner}/{repo}/releases/{id}'
const assetPath = '/repos/{owner}/{repo}/releases/assets/{asset}'

/** Releases and their assets: the same on GitHub and Gitea but for where an asset is sent. */
export function releases(rest: Rest): Releases {
  return {
    findRelease: async (tag) => {
      const found = await findRelease(rest, tag)
      return found && read(found)
    },
    createRelease: async ({ tag, title, body, draft }) =>
      read(
        await rest.call('POST /repos/{owner}/{repo}/releases', releaseSchema, {
          tag_name: tag,
          name: title,
          body,
          draft,
        }),
      ),
    updateRelease: async (id, change) => {
      await rest.call(`PATCH ${byId}`, releaseSchema, { id: Number(id), ...change })
    },
    uploadAsset: (release, name, path, bytes) => uploadAsset(rest, release, { name, path, bytes }),
    downloadAsset: (release, asset, to) => downloadAsset(rest, release, asset, to),
    deleteAsset: (release, asset) => deleteAsset(rest, release, asset),
  }
}

async function findRelease(rest: Rest, tag: string): Promise<z.output<typeof releaseSchema> | undefined> {
  try {
    return await rest.call('GET /repos/{owner}/{repo}/releases/tags/{tag}', releaseSchema, { tag })
  } catch (error) {
    if (!(error instanceof Rejection) || error.status !== 404) throw error
  }
  // A draft has no tag yet, and is found in the list only.
  const all = await rest.list('GET /repos/{owner}/{repo}/releases', z.array(releaseSchema))
  return all.find((release) => release.tag_name === tag)
}

interface Upload {
  readonly name: string
  readonly path: string
  readonly bytes: number
}

async function uploadAsset(rest: Rest, release: Release, upload: Upload): Promise<ReleaseAsset> {
  try {
    return await rest.retry(`Uploading ${upload.name}`, () => tryUpload(rest, release, upload))
  } catch (error) {
    throw error instanceof Rejection ? refused(`Uploading ${upload.name}`, error) : error
  }
}

/** Looks first, since a try before may have arrived although its answer did not. */
async function tryUpload(rest: Rest, release: Release, { name, path, bytes }: Upload): Promise<ReleaseAsset> {
  const current = await rest.call(`GET ${byId}`, releaseSchema, { id: Number(release.id) })
  const same = current.assets?.find((asset) => asset.name === name)
  if (same?.state === 'uploaded' && same.size === bytes) return readAsset(same)
  if (same?.state === 'uploaded') throw taken(release, readAsset(same), bytes)
  if (same) await deleteAsset(rest, release, readAsset(same))
  const data = await openAsBlob(path)
  if (rest.location.kind === 'gitea')
    return readAsset(await rest.upload(`POST ${byId}/assets{?name}`, assetSchema, { id: current.id, name, data }))
  // GitHub says where to send an asset, as `https://…/assets{?name,label}`.
  return readAsset(await rest.upload(`POST ${current.upload_url}`, assetSchema, { name, data }))
}

async function downloadAsset(rest: Rest, release: Release, asset: ReleaseAsset, to: string): Promise<void> {
  const what = `Downloading ${asset.name}`
  const partial = `${to}.partial`
  await mkdir(dirname(to), { recursive: true })
  try {
    await rest.retry(what, async () => {
      const body = await openDownload(rest, release, asset)
      await pipeline(Readable.fromWeb(body as never), createWriteStream(partial))
    })
    const { size } = await stat(partial)
    if (size !== asset.bytes) throw cutShort(asset, size)
    await rename(partial, to)
  } catch (error) {
    await rm(partial, { force: true })
    throw error instanceof Rejection ? refused(what, error) : error
  }
}

/** GitHub's API sends the bytes; Gitea's names an address, which gets the token only if it is the forge's own. */
async function openDownload(rest: Rest, release: Release, asset: ReleaseAsset): Promise<ReadableStream> {
  const { apiUrl, serverUrl, kind } = rest.location
  if (kind !== 'gitea') return rest.download(`GET ${assetPath}`, { asset: Number(asset.id) })
  const described = await rest.call(`GET ${byId}/assets/{asset}`, z.object({ browser_download_url: z.string() }), {
    id: Number(release.id),
    asset: Number(asset.id),
  })
  const own = [apiUrl, serverUrl].filter((address) => URL.canParse(address)).map((address) => new URL(address).origin)
  const { origin } = new URL(described.browser_download_url)
  if (own.includes(origin)) return rest.download(`GET ${described.browser_download_url}`)
  throw new OutsideError({
    tried: `Downloading ${asset.name} was tried.`,
    state: `The forge says that it lies on ${origin}, which is not the forge; the token was not sent there.`,
    next: 'Set the ROOT_URL of the forge to the address under which it is asked.',
  })
}

async function deleteAsset(rest: Rest, release: Release, { id }: ReleaseAsset): Promise<void> {
  const asset = Number(id)
  if (rest.location.kind === 'gitea')
    await rest.call(`DELETE ${byId}/assets/{asset}`, z.unknown(), { id: Number(release.id), asset })
  else await rest.call(`DELETE ${assetPath}`, z.unknown(), { asset })
}

function refused(what: string, { status, message }: Rejection): OutsideError {
  return new OutsideError({
    tried: `${what} was tried.`,
    state: `The forge refused it (${status}): ${message}. Nothing refers to the file yet.`,
    next: 'Check the token: it needs `permissions: { contents: write }` to upload, and read to download.',
  })
}

function taken(release: Release, asset: ReleaseAsset, bytes: number): OutsideError {
  return new OutsideError({
    tried: `${asset.name} (${bytes} bytes) was to be uploaded to the release ${release.tag}.`,
    state: `It has an asset of this name with ${asset.bytes} bytes, which was left as it is.`,
    next: 'Look at the release, and delete that asset if it is wrong.',
  })
}

function cutShort(asset: ReleaseAsset, size: number): OutsideError {
  return new OutsideError({
    tried: `${asset.name} was downloaded.`,
    state: `${size} of ${asset.bytes} bytes came; nothing of it was kept.`,
    next: 'Run the job again.',
  })
}

function read(release: z.output<typeof releaseSchema>): Release {
  return {
    id: String(release.id),
    tag: release.tag_name,
    url: release.html_url,
    assets: (release.assets ?? []).filter((asset) => asset.state === 'uploaded').map(readAsset),
  }
}

function readAsset(asset: z.output<typeof assetSchema>): ReleaseAsset {
  return { id: String(asset.id), name: asset.name, bytes: asset.size }
}
