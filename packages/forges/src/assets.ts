import { createWriteStream, openAsBlob } from 'node:fs'
import { mkdir, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { OutsideError } from '@headgate/core'
import { z } from 'zod'
import type { Release, ReleaseAsset } from './port.ts'
import { Rejection } from './rejection.ts'
import {
  assetSchema,
  type RawAsset,
  type RawRelease,
  readAsset,
  readRelease,
  releasePath,
  releaseSchema,
} from './release.ts'
import type { Rest } from './rest.ts'
import type { FailedCall } from './retries.ts'

const assetPath = '/repos/{owner}/{repo}/releases/assets/{asset}'

export interface Upload {
  readonly name: string
  readonly path: string
  readonly bytes: number
}

/** Uploads a file, unless the release has it; what broke off before is replaced. */
export async function uploadAsset(rest: Rest, release: Release, upload: Upload): Promise<ReleaseAsset> {
  try {
    return await rest.retry(`Uploading ${upload.name}`, () => tryUpload(rest, release, upload))
  } catch (error) {
    throw error instanceof Rejection ? refused(`Uploading ${upload.name}`, error) : error
  }
}

/** Looks first, since a try before may have arrived although its answer did not. */
async function tryUpload(rest: Rest, release: Release, upload: Upload): Promise<ReleaseAsset> {
  const current = await rest.call(`GET ${releasePath}`, releaseSchema, { id: Number(release.id) })
  const same = current.assets?.find((asset) => asset.name === upload.name)
  if (same?.state === 'uploaded') return taken(release, readAsset(same), upload)
  if (same) await deleteAsset(rest, release, readAsset(same))
  try {
    return readAsset(await send(rest, current, upload))
  } catch (error) {
    const sent = await sentMeanwhile(rest, release, upload, error)
    if (sent === undefined) throw error
    return taken(release, sent, upload)
  }
}

async function send(rest: Rest, release: RawRelease, { name, path }: Upload): Promise<RawAsset> {
  const data = await openAsBlob(path)
  if (rest.location.kind === 'gitea')
    return rest.upload(`POST ${releasePath}/assets{?name}`, assetSchema, { id: release.id, name, data })
  // GitHub says where to send an asset, as `https://…/assets{?name,label}`.
  return rest.upload(`POST ${release.upload_url}`, assetSchema, { name, data })
}

/** The asset that another job sent between our look and our own sending: GitHub takes a name once. */
async function sentMeanwhile(
  rest: Rest,
  release: Release,
  { name }: Upload,
  error: unknown,
): Promise<ReleaseAsset | undefined> {
  if ((error as FailedCall).status !== 422) return undefined
  const current = await rest.call(`GET ${releasePath}`, releaseSchema, { id: Number(release.id) })
  return readRelease(current).assets.find((asset) => asset.name === name)
}

/** Brings an asset whole, or nothing of it. */
export async function downloadAsset(rest: Rest, release: Release, asset: ReleaseAsset, to: string): Promise<void> {
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
  const described = await rest.call(
    `GET ${releasePath}/assets/{asset}`,
    z.object({ browser_download_url: z.string() }),
    {
      id: Number(release.id),
      asset: Number(asset.id),
    },
  )
  const own = [apiUrl, serverUrl].filter((address) => URL.canParse(address)).map((address) => new URL(address).origin)
  const { origin } = new URL(described.browser_download_url)
  if (own.includes(origin)) return rest.download(`GET ${described.browser_download_url}`)
  throw new OutsideError({
    tried: `Downloading ${asset.name} was tried.`,
    state: `The forge says that it lies on ${origin}, which is not the forge; the token was not sent there.`,
    next: 'Set the ROOT_URL of the forge to the address under which it is asked.',
  })
}

export async function deleteAsset(rest: Rest, release: Release, { id }: ReleaseAsset): Promise<void> {
  const asset = Number(id)
  if (rest.location.kind === 'gitea')
    await rest.call(`DELETE ${releasePath}/assets/{asset}`, z.unknown(), { id: Number(release.id), asset })
  else await rest.call(`DELETE ${assetPath}`, z.unknown(), { asset })
}

function refused(what: string, { status, message }: Rejection): OutsideError {
  const isImmutable = /immutable/i.test(message)
  return new OutsideError({
    tried: `${what} was tried.`,
    state: `The forge refused it (${status}): ${message}. Nothing refers to the file yet.`,
    next: isImmutable
      ? 'Turn release immutability off for this repository, or choose another `store`.'
      : 'Check the token: it needs `permissions: { contents: write }` to upload, and read to download.',
  })
}

/** @throws OutsideError for an asset of this name that is another file. */
function taken(release: Release, asset: ReleaseAsset, { bytes }: Upload): ReleaseAsset {
  if (asset.bytes === bytes) return asset
  throw new OutsideError({
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
