import { createReadStream, createWriteStream } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { OutsideError } from '@headgate/core'
import { z } from 'zod'
import type { Forge, Release, ReleaseAsset } from './port.ts'
import { Rejection, type Rest } from './rest.ts'

const assetSchema = z.object({ id: z.int(), name: z.string(), size: z.int().default(0) })
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

/** Releases and their assets: the same on GitHub and Gitea but for where an asset is sent. */
export function releases(rest: Rest): Releases {
  const { location } = rest
  const authorization = `token ${location.token ?? ''}`
  return {
    findRelease: async (tag) => {
      try {
        return read(await rest.call('GET /repos/{owner}/{repo}/releases/tags/{tag}', releaseSchema, { tag }))
      } catch (error) {
        if (error instanceof Rejection && error.status === 404) return undefined
        throw error
      }
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
    uploadAsset: async (release, name, path, bytes) => {
      const url = new URL(await uploadAddress(rest, release))
      url.searchParams.set('name', name)
      const response = await fetch(url, {
        method: 'POST',
        headers: { authorization, 'content-type': 'application/octet-stream', 'content-length': String(bytes) },
        body: Readable.toWeb(createReadStream(path)) as ReadableStream,
        duplex: 'half',
      } as RequestInit)
      if (!response.ok) throw transferFailed(`Uploading ${name}`, response.status)
      return readAsset(assetSchema.parse(await response.json()))
    },
    downloadAsset: async (release, asset, to) => {
      const url = `${location.apiUrl}/repos/${location.repository}/releases/${location.kind === 'gitea' ? `${release.id}/` : ''}assets/${asset.id}`
      const response = await fetch(await downloadAddress(location.kind, url, authorization), {
        headers: { authorization, accept: 'application/octet-stream' },
      })
      if (!response.ok || response.body === null) throw transferFailed(`Downloading ${asset.name}`, response.status)
      await pipeline(Readable.fromWeb(response.body as never), createWriteStream(to))
    },
    deleteAsset: async (release, asset) => {
      const route =
        location.kind === 'gitea'
          ? `DELETE ${byId}/assets/{asset}`
          : 'DELETE /repos/{owner}/{repo}/releases/assets/{asset}'
      await rest.call(route, z.unknown(), { id: Number(release.id), asset: Number(asset.id) })
    },
  }
}

/** GitHub says where to send an asset; Gitea takes it below the release. */
async function uploadAddress(rest: Rest, release: Release): Promise<string> {
  const { location } = rest
  if (location.kind === 'gitea') return `${location.apiUrl}/repos/${location.repository}/releases/${release.id}/assets`
  const found = await rest.call(`GET ${byId}`, releaseSchema, { id: Number(release.id) })
  return (found.upload_url ?? '').replace(/\{.*\}$/, '')
}

/** Gitea's API describes an asset and names its address; GitHub's sends the bytes. */
async function downloadAddress(kind: string, url: string, authorization: string): Promise<string> {
  if (kind !== 'gitea') return url
  const response = await fetch(url, { headers: { authorization } })
  if (!response.ok) throw transferFailed('Finding an asset', response.status)
  return z.object({ browser_download_url: z.string() }).parse(await response.json()).browser_download_url
}

function transferFailed(what: string, status: number): OutsideError {
  return new OutsideError({
    tried: `${what} was tried.`,
    state: `The forge answered ${status}. Nothing refers to the file yet.`,
    next: 'Run the job again: what has arrived is not sent twice.',
  })
}

function read(release: z.output<typeof releaseSchema>): Release {
  return {
    id: String(release.id),
    tag: release.tag_name,
    url: release.html_url,
    assets: (release.assets ?? []).map(readAsset),
  }
}

function readAsset(asset: z.output<typeof assetSchema>): ReleaseAsset {
  return { id: String(asset.id), name: asset.name, bytes: asset.size }
}
