import { createHash } from 'node:crypto'
import type { Answer, Asked, Route } from '../route.ts'
import { page, repository, route } from '../route.ts'
import { day, newId, type State, type TwinAsset, type TwinRelease } from '../state.ts'
import { invalid, refuseAsGitHub } from './refusal.ts'
import { placeOf } from './repository.ts'
import { userOf } from './user.ts'

const byId = `${repository}/releases/{release_id}`

export function releaseRoutes(state: State): Route[] {
  const { releases } = state
  const shown = (release: TwinRelease, asked: Asked) => shownRelease(state, release, asked)
  const found = (release: TwinRelease | undefined, asked: Asked): Answer =>
    release === undefined ? refuseAsGitHub(404) : { status: 200, body: shown(release, asked) }
  return [
    route('GET', `${repository}/releases`, (asked) => {
      const listed = releases.toReversed().map((release) => shown(release, asked))
      return page(listed, asked, 'per_page', 100)
    }),
    // A draft has no tag yet, and is found in the list only.
    route('GET', `${repository}/releases/tags/{tag}`, (asked) =>
      found(
        releases.find((release) => release.tag_name === asked.params.tag && !release.draft),
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
      // Two drafts may wait for one tag.
      if (!draft && isTaken(state, { id: 0, tag_name })) return tagTaken()
      const release = { id: newId(state), tag_name, name, body, draft, prerelease }
      releases.push(release)
      return { status: 201, body: shown(release, asked) }
    }),
    route('PATCH', byId, (asked) => {
      const release = findRelease(state, asked)
      if (release === undefined) return refuseAsGitHub(404)
      const changed = { ...release, ...asked.body }
      if (!changed.draft && isTaken(state, changed)) return tagTaken()
      return { status: 200, body: shown(Object.assign(release, changed), asked) }
    }),
    ...assetRoutes(state),
  ]
}

function findRelease({ releases }: State, { params }: Asked): TwinRelease | undefined {
  return releases.find(({ id }) => id === Number(params.release_id))
}

function isTaken({ releases }: State, { id, tag_name }: Pick<TwinRelease, 'id' | 'tag_name'>): boolean {
  return releases.some((other) => other.id !== id && other.tag_name === tag_name && !other.draft)
}

function tagTaken(): Answer {
  return invalid('Validation Failed', { resource: 'Release', field: 'tag_name', code: 'already_exists' })
}

function assetRoutes(state: State): Route[] {
  const { assets } = state
  const path = `${repository}/releases/assets/{asset_id}`
  return [
    route('GET', path, (asked) => {
      const id = Number(asked.params.asset_id)
      if (assets.get(id)?.state !== 'uploaded') return refuseAsGitHub(404)
      return { status: 302, headers: { location: `${state.storageUrl}/assets/${id}?signature=good` } }
    }),
    route('DELETE', path, (asked) =>
      assets.delete(Number(asked.params.asset_id)) ? { status: 204 } : refuseAsGitHub(404),
    ),
  ]
}

/** Where a release's assets are sent: another address than the API's. */
export function uploadRoutes(state: State): Route[] {
  return [
    route('POST', `${byId}/assets`, (asked) => {
      const release = findRelease(state, asked)
      if (release === undefined) return refuseAsGitHub(404)
      const name = asked.url.searchParams.get('name') ?? ''
      const isThere = [...state.assets.values()].some((asset) => asset.release === release.id && asset.name === name)
      if (isThere)
        return invalid('Validation Failed', { resource: 'ReleaseAsset', field: 'name', code: 'already_exists' })
      const id = newId(state)
      const asset: TwinAsset = { release: release.id, name, bytes: asked.bytes, state: 'uploaded' }
      state.assets.set(id, asset)
      return { status: 201, body: shownAsset(state, id, asset, asked) }
    }),
  ]
}

/** Where the assets lie: the address opens them, and a token beside it is one claim too many, as in a bucket. */
export function storageRoutes({ assets }: State): Route[] {
  return [
    route('GET', '/assets/{id}', ({ params, url, isSigned }) => {
      if (isSigned) return { status: 400 }
      const found = url.searchParams.get('signature') === 'good' ? assets.get(Number(params.id)) : undefined
      return found === undefined ? { status: 403 } : { status: 200, body: found.bytes }
    }),
  ]
}

function shownRelease(state: State, release: TwinRelease, asked: Asked) {
  const { self, page: html, main, owner, repo } = placeOf(asked)
  const { id, tag_name, name, body, draft, prerelease } = release
  const uploads = main.endsWith('/api/v3') ? main.replace(/v3$/, 'uploads') : `${main}/uploads`
  return {
    id,
    node_id: `RE_${id}`,
    url: `${self}/releases/${id}`,
    html_url: `${html}/releases/tag/${encodeURIComponent(tag_name)}`,
    assets_url: `${self}/releases/${id}/assets`,
    upload_url: `${uploads}/repos/${owner}/${repo}/releases/${id}/assets{?name,label}`,
    tarball_url: draft ? null : `${self}/tarball/${encodeURIComponent(tag_name)}`,
    zipball_url: draft ? null : `${self}/zipball/${encodeURIComponent(tag_name)}`,
    tag_name,
    target_commitish: 'main',
    name,
    body,
    draft,
    prerelease,
    created_at: day,
    published_at: draft ? null : day,
    author: userOf(state.logins.github, { ...asked, api: main }),
    assets: [...state.assets].flatMap(([key, asset]) =>
      asset.release === id ? [shownAsset(state, key, asset, asked)] : [],
    ),
  }
}

function shownAsset(state: State, id: number, { name, bytes, state: condition }: TwinAsset, asked: Asked) {
  const { self, page: html, main } = placeOf(asked)
  return {
    id,
    node_id: `RA_${id}`,
    url: `${self}/releases/assets/${id}`,
    browser_download_url: `${html}/releases/download/${id}/${encodeURIComponent(name)}`,
    name,
    label: '',
    state: condition,
    content_type: 'application/octet-stream',
    size: bytes.length,
    digest: condition === 'uploaded' ? `sha256:${createHash('sha256').update(bytes).digest('hex')}` : null,
    download_count: 0,
    created_at: day,
    updated_at: day,
    uploader: userOf(state.logins.github, { ...asked, api: main }),
  }
}
