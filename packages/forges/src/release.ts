// A release as both forges answer it.
import { z } from 'zod'
import type { Release, ReleaseAsset } from './port.ts'

export const assetSchema = z.object({
  id: z.int(),
  name: z.string(),
  size: z.int().default(0),
  /** On GitHub anything but `uploaded` is an upload that broke off. */
  state: z.string().default('uploaded'),
})
export const releaseSchema = z.object({
  id: z.int(),
  tag_name: z.string(),
  html_url: z.string().default(''),
  upload_url: z.string().optional(),
  assets: z.array(assetSchema).nullish(),
})

export type RawRelease = z.output<typeof releaseSchema>
export type RawAsset = z.output<typeof assetSchema>

export const releasePath = '/repos/{owner}/{repo}/releases/{id}'

/** Without what broke off on its way. */
export function readRelease(release: RawRelease): Release {
  return {
    id: String(release.id),
    tag: release.tag_name,
    url: release.html_url,
    assets: (release.assets ?? []).filter((asset) => asset.state === 'uploaded').map(readAsset),
  }
}

export function readAsset(asset: RawAsset): ReleaseAsset {
  return { id: String(asset.id), name: asset.name, bytes: asset.size }
}
