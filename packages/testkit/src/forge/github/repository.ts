import type { Asked } from '../route.ts'
import { day } from '../state.ts'
import { userOf } from './user.ts'

/** Where a repository is: in the API, and on the forge's pages. */
export function placeOf({ api, url, params }: Pick<Asked, 'api' | 'url' | 'params'>) {
  const { owner = '', repo = '' } = params
  // What is uploaded elsewhere is described below the API's own address.
  const main = api.replace(/\/api\/uploads$/, '/api/v3').replace(/\/uploads$/, '')
  return { owner, repo, main, self: `${main}/repos/${owner}/${repo}`, page: `${url.origin}/${owner}/${repo}` }
}

/** What hangs on a repository, each below its address. */
const branches = {
  archive_url: '/{archive_format}{/ref}',
  assignees_url: '/assignees{/user}',
  blobs_url: '/git/blobs{/sha}',
  branches_url: '/branches{/branch}',
  collaborators_url: '/collaborators{/collaborator}',
  comments_url: '/comments{/number}',
  commits_url: '/commits{/sha}',
  compare_url: '/compare/{base}...{head}',
  contents_url: '/contents/{+path}',
  contributors_url: '/contributors',
  deployments_url: '/deployments',
  downloads_url: '/downloads',
  events_url: '/events',
  forks_url: '/forks',
  git_commits_url: '/git/commits{/sha}',
  git_refs_url: '/git/refs{/sha}',
  git_tags_url: '/git/tags{/sha}',
  hooks_url: '/hooks',
  issue_comment_url: '/issues/comments{/number}',
  issue_events_url: '/issues/events{/number}',
  issues_url: '/issues{/number}',
  keys_url: '/keys{/key_id}',
  labels_url: '/labels{/name}',
  languages_url: '/languages',
  merges_url: '/merges',
  milestones_url: '/milestones{/number}',
  notifications_url: '/notifications{?since,all,participating}',
  pulls_url: '/pulls{/number}',
  releases_url: '/releases{/id}',
  stargazers_url: '/stargazers',
  statuses_url: '/statuses/{sha}',
  subscribers_url: '/subscribers',
  subscription_url: '/subscription',
  tags_url: '/tags',
  teams_url: '/teams',
  trees_url: '/git/trees{/sha}',
} as const

/** A repository as GitHub shows one in passing. */
export function repositoryOf(asked: Asked, owner = asked.params.owner ?? '') {
  const place = placeOf({ ...asked, params: { ...asked.params, owner } })
  return {
    id: owner === asked.params.owner ? 1 : 2,
    node_id: `R_${owner}`,
    name: place.repo,
    full_name: `${owner}/${place.repo}`,
    owner: userOf(owner, { api: place.main, url: asked.url }),
    private: false,
    html_url: place.page,
    description: null,
    fork: owner !== asked.params.owner,
    url: place.self,
    ...(Object.fromEntries(Object.entries(branches).map(([key, tail]) => [key, place.self + tail])) as Record<
      keyof typeof branches,
      string
    >),
  }
}

/** A repository in full. */
export function wholeRepositoryOf(asked: Asked, owner?: string) {
  const shown = repositoryOf(asked, owner)
  return {
    ...shown,
    git_url: `git://${asked.url.host}/${shown.full_name}.git`,
    ssh_url: `git@${asked.url.hostname}:${shown.full_name}.git`,
    clone_url: `${shown.html_url}.git`,
    svn_url: shown.html_url,
    mirror_url: null,
    homepage: null,
    language: null,
    license: null,
    default_branch: 'main',
    size: 1,
    forks: 0,
    forks_count: 0,
    stargazers_count: 0,
    watchers: 0,
    watchers_count: 0,
    open_issues: 0,
    open_issues_count: 0,
    has_issues: true,
    has_projects: false,
    has_wiki: false,
    has_pages: false,
    has_downloads: false,
    archived: false,
    disabled: false,
    pushed_at: day,
    created_at: day,
    updated_at: day,
  }
}
