import type { Asked } from '../route.ts'
import { day } from '../state.ts'
import { userOf } from './user.ts'

/** Where a repository is: in the API, and on the forge's pages. */
export function placeOf({ api, url, params: { owner = '', repo = '' } }: Asked) {
  return { owner, repo, self: `${api}/repos/${owner}/${repo}`, page: `${url.origin}/${owner}/${repo}` }
}

const switches = {
  empty: false,
  private: false,
  template: false,
  mirror: false,
  archived: false,
  internal: false,
  has_code: true,
  has_issues: true,
  has_wiki: false,
  has_pull_requests: true,
  has_projects: false,
  has_releases: true,
  has_packages: false,
  has_actions: true,
  ignore_whitespace_conflicts: false,
  allow_merge_commits: true,
  allow_rebase: true,
  allow_rebase_explicit: true,
  allow_squash_merge: true,
  allow_fast_forward_only_merge: true,
  allow_rebase_update: true,
  allow_manual_merge: false,
  autodetect_manual_merge: false,
  default_delete_branch_after_merge: false,
  default_allow_maintainer_edit: false,
}

const counts = {
  size: 1,
  stars_count: 0,
  forks_count: 0,
  watchers_count: 0,
  branch_count: 1,
  open_issues_count: 0,
  open_pr_counter: 0,
  release_counter: 0,
}

export function repositoryOf(asked: Asked, owner = asked.params.owner ?? '') {
  const { repo, self, page } = placeOf({ ...asked, params: { ...asked.params, owner } })
  return {
    id: owner === asked.params.owner ? 1 : 2,
    owner: userOf(owner, asked),
    name: repo,
    full_name: `${owner}/${repo}`,
    description: '',
    fork: owner !== asked.params.owner,
    ...switches,
    ...counts,
    language: '',
    languages_url: `${self}/languages`,
    html_url: page,
    url: self,
    link: '',
    ssh_url: `git@${asked.url.hostname}:${owner}/${repo}.git`,
    clone_url: `${page}.git`,
    original_url: '',
    website: '',
    default_branch: 'main',
    created_at: day,
    updated_at: day,
    archived_at: '1970-01-01T00:00:00Z',
    projects_mode: 'all',
    default_merge_style: 'merge',
    avatar_url: '',
    mirror_interval: '',
    mirror_updated: '0001-01-01T00:00:00Z',
    object_format_name: 'sha1',
    topics: [],
    licenses: [],
  }
}
