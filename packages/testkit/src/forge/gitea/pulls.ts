import type { Asked, Route } from '../route.ts'
import { page, repository, route } from '../route.ts'
import { day, type State, type TwinPull } from '../state.ts'
import { placeOf, repositoryOf } from './repository.ts'
import { userOf } from './user.ts'

export function pullRoutes({ pulls }: State): Route[] {
  return [
    route('GET', `${repository}/pulls`, (asked) => {
      const wanted = asked.url.searchParams.get('state') ?? 'open'
      const found = pulls.filter(({ state }) => wanted === 'all' || state === wanted).toReversed()
      const shown = found.map((pull) => shownPull(pull, asked))
      return page(shown, asked, 'limit', 50)
    }),
  ]
}

function shownPull({ number, sha, state, fork }: TwinPull, asked: Asked) {
  const { page: html, owner } = placeOf(asked)
  const address = `${html}/pulls/${number}`
  return {
    id: number,
    url: address,
    number,
    user: userOf(fork ?? owner, asked),
    title: 'A change',
    body: '',
    labels: [],
    milestone: null,
    assignee: null,
    assignees: null,
    requested_reviewers: [],
    requested_reviewers_teams: [],
    state,
    draft: false,
    is_locked: false,
    comments: 0,
    html_url: address,
    diff_url: `${address}.diff`,
    patch_url: `${address}.patch`,
    mergeable: true,
    merged: false,
    merged_at: null,
    merge_commit_sha: null,
    merged_by: null,
    allow_maintainer_edit: false,
    base: end(asked, 'main', '0'.repeat(40), owner),
    head: end(asked, 'change', sha, fork ?? owner),
    merge_base: '0'.repeat(40),
    due_date: null,
    created_at: day,
    updated_at: day,
    closed_at: state === 'closed' ? day : null,
    pin_order: 0,
    content_version: 0,
  }
}

function end(asked: Asked, ref: string, sha: string, owner: string) {
  const repo = repositoryOf(asked, owner)
  return { label: ref, ref, sha, repo_id: repo.id, repo }
}
