import type { Answer, Asked, Route } from '../route.ts'
import { page, repository, route } from '../route.ts'
import { day, newId, type State, type TwinAsset, type TwinRelease } from '../state.ts'
import { refuseAsGitea } from './refusal.ts'
import { placeOf } from './repository.ts'
import { userOf } from './user.ts'

const byId = `${repository}/releases/{id}`

export function releaseRoutes(state: State): Route[] {
  const { releases } = state
  const shown = (release: TwinRelease, asked: Asked) => shownRelease(state, release, asked)
  const found = (release: TwinRelease | undefined, asked: Asked): Answer =>
    release === undefined ? refuseAsGitea(404) : { status: 200, body: shown(release, asked) }
  return [
    route('GET', `${repository}/releases`, (asked) => {
      const listed = releases.toReversed().map((release) => shown(release, asked))
      return page(listed, asked, 'limit', 50)
    }),
    // Drafts too, for whoever may write.
    route('GET', `${repository}/releases/tags/{tag}`, (asked) =>
      found(
        releases.find((release) => release.tag_name === asked.params.tag),
        asked,
      ),
    ),
    route('GET', byId, (asked) => found(findRelease(state, asked), asked)),
    route('POST', `${repository}/releases`, (asked) => {
      const {
        tag_name = '',
        name = '',
        body = '',
        draft = false,
        prerelease = false,
      } = asked.body as Partial<TwinRelease>
      if (releases.some((release) => release.tag_name === tag_name)) return refuseAsGitea(409, 'Release is has no Tag')
      const release = { id: newId(state), tag_name, name, body, draft, prerelease }
      releases.push(release)
      return { status: 201, body: shown(release, asked) }
    }),
    route('PATCH', byId, (asked) => {
      const release = findRelease(state, asked)
      if (release === undefined) return refuseAsGitea(404)
      return { status: 200, body: shown(Object.assign(release, asked.body), asked) }
    }),
    ...assetRoutes(state),
  ]
}

function findRelease({ releases }: State, { params }: Asked): TwinRelease | undefined {
  return releases.find(({ id }) => id === Number(params.id))
}

function assetRoutes(state: State): Route[] {
  const { assets } = state
  const one = `${byId}/assets/{attachment_id}`
  const find = ({ params }: Asked): TwinAsset | undefined => {
    const asset = assets.get(Number(params.attachment_id))
    return asset?.release === Number(params.id) ? asset : undefined
  }
  return [
    // A release may have many assets of one name.
    route('POST', `${byId}/assets`, (asked) => {
      const release = findRelease(state, asked)
      if (release === undefined) return refuseAsGitea(404)
      const name = asked.url.searchParams.get('name') ?? ''
      if (name === '') return refuseAsGitea(400, 'Could not determine name of attachment.')
      const id = newId(state)
      const asset: TwinAsset = { release: release.id, name, bytes: asked.bytes, state: 'uploaded' }
      assets.set(id, asset)
      return { status: 201, body: shownAsset(state, id, asset) }
    }),
    route('GET', one, (asked) => {
      const found = find(asked)
      if (found === undefined) return refuseAsGitea(404)
      return { status: 200, body: shownAsset(state, Number(asked.params.attachment_id), found) }
    }),
    route('DELETE', one, (asked) => {
      if (find(asked) === undefined) return refuseAsGitea(404)
      assets.delete(Number(asked.params.attachment_id))
      return { status: 204 }
    }),
  ]
}

/** The pages that give an asset's bytes: as closed as the repository, which takes the token there too. */
export function giteaAttachments({ assets }: State): Route[] {
  return [
    route('GET', '/{uuid}', ({ params, isSigned }) => {
      const found = isSigned ? assets.get(Number(params.uuid)) : undefined
      return found === undefined ? { status: 404 } : { status: 200, body: found.bytes }
    }),
  ]
}

function shownRelease(state: State, release: TwinRelease, asked: Asked) {
  const { self, page: html } = placeOf(asked)
  const { id, tag_name, name, body, draft, prerelease } = release
  return {
    id,
    tag_name,
    target_commitish: 'main',
    name,
    body,
    url: `${self}/releases/${id}`,
    html_url: `${html}/releases/tag/${encodeURIComponent(tag_name)}`,
    tarball_url: `${html}/archive/${encodeURIComponent(tag_name)}.tar.gz`,
    zipball_url: `${html}/archive/${encodeURIComponent(tag_name)}.zip`,
    upload_url: `${self}/releases/${id}/assets`,
    draft,
    prerelease,
    created_at: day,
    published_at: day,
    author: userOf(state.logins.gitea, asked),
    assets: [...state.assets].flatMap(([key, asset]) => (asset.release === id ? [shownAsset(state, key, asset)] : [])),
  }
}

function shownAsset({ rootUrl }: State, id: number, { name, bytes }: TwinAsset) {
  return {
    id,
    name,
    size: bytes.length,
    download_count: 0,
    created_at: day,
    uuid: String(id),
    browser_download_url: `${rootUrl}/attachments/${id}`,
  }
}
