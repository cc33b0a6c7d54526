import { z } from 'zod'
import { deleteAsset, downloadAsset, uploadAsset } from './assets.ts'
import type { Forge } from './port.ts'
import { Rejection } from './rejection.ts'
import { type RawRelease, readRelease, releasePath, releaseSchema } from './release.ts'
import type { Rest } from './rest.ts'

type Releases = Pick<
  Forge,
  'findRelease' | 'createRelease' | 'updateRelease' | 'uploadAsset' | 'downloadAsset' | 'deleteAsset'
>

/** Releases and their assets: the same on GitHub and Gitea but for where an asset is sent. */
export function releases(rest: Rest): Releases {
  return {
    findRelease: async (tag) => {
      const found = await findRelease(rest, tag)
      return found && readRelease(found)
    },
    createRelease: async ({ tag, title, body, draft }) =>
      readRelease(
        await rest.call(
          'POST /repos/{owner}/{repo}/releases',
          releaseSchema,
          // As a prerelease it is never "the latest release", which others may install from.
          { tag_name: tag, name: title, body, draft, prerelease: true },
          // There may be two drafts of one tag.
          { once: draft },
        ),
      ),
    updateRelease: async (id, change) => {
      await rest.call(`PATCH ${releasePath}`, releaseSchema, { id: Number(id), ...change })
    },
    uploadAsset: (release, name, path, bytes) => uploadAsset(rest, release, { name, path, bytes }),
    downloadAsset: (release, asset, to) => downloadAsset(rest, release, asset, to),
    deleteAsset: (release, asset) => deleteAsset(rest, release, asset),
  }
}

async function findRelease(rest: Rest, tag: string): Promise<RawRelease | undefined> {
  try {
    return await rest.call('GET /repos/{owner}/{repo}/releases/tags/{tag}', releaseSchema, { tag })
  } catch (error) {
    if (!(error instanceof Rejection) || error.status !== 404) throw error
  }
  // A draft has no tag yet, and is found in the list only.
  const all = await rest.list('GET /repos/{owner}/{repo}/releases', z.array(releaseSchema))
  return all.find((release) => release.tag_name === tag)
}
