import type { Asked, Route } from '../route.ts'
import { page, repository, route } from '../route.ts'
import { day, type State, type TwinPull } from '../state.ts'
import { placeOf, wholeRepositoryOf } from './repository.ts'
import { userOf } from './user.ts'

export function pullRoutes({ pulls }: State): Route[] {
  return [
    route('GET', `${repository}/pulls`, (asked) => {
      const wanted = asked.url.searchParams.get('state') ?? 'open'
      const found = pulls.filter(({ state }) => wanted === 'all' || state === wanted).toReversed()
      const shown = found.map((pull) => shownPull(pull, asked))
      return page(shown, asked, 'per_page', 100)
    }),
  ]
}

function shownPull({ number, sha, state, fork }: TwinPull, asked: Asked) {
  const { self, page: html, owner } = placeOf(asked)
  const [url, issue] = [`${self}/pulls/${number}`, `${self}/issues/${number}`]
  const addresses = {
    html: `${html}/pull/${number}`,
    issue,
    comments: `${issue}/comments`,
    review_comments: `${url}/comments`,
    review_comment: `${self}/pulls/comments{/number}`,
    commits: `${url}/commits`,
    statuses: `${self}/statuses/${sha}`,
  }
  const links = Object.entries({ self: url, ...addresses }).map(([name, href]) => [name, { href }] as const)
  return {
    id: number,
    node_id: `PR_${number}`,
    number,
    url,
    diff_url: `${addresses.html}.diff`,
    patch_url: `${addresses.html}.patch`,
    ...Object.fromEntries(Object.entries(addresses).map(([name, address]) => [`${name}_url`, address])),
    _links: Object.fromEntries(links),
    state,
    locked: false,
    title: 'A change',
    body: null,
    user: userOf(fork ?? owner, asked),
    labels: [],
    milestone: null,
    assignee: null,
    auto_merge: null,
    author_association: 'CONTRIBUTOR',
    merge_commit_sha: null,
    created_at: day,
    updated_at: day,
    closed_at: state === 'closed' ? day : null,
    merged_at: null,
    head: end(asked, 'change', sha, fork ?? owner),
    base: end(asked, 'main', '0'.repeat(40), owner),
  }
}

function end(asked: Asked, ref: string, sha: string, owner: string) {
  return { label: `${owner}:${ref}`, ref, sha, user: userOf(owner, asked), repo: wholeRepositoryOf(asked, owner) }
}
