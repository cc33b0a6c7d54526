import type { Asked, Route } from '../route.ts'
import { route } from '../route.ts'
import { day, type State } from '../state.ts'
import { refuseAsGitHub } from './refusal.ts'

/** A user as GitHub shows one within other things; apps have names that end in `[bot]`. */
export function userOf(login: string, { api, url }: Pick<Asked, 'api' | 'url'>) {
  const self = `${api}/users/${encodeURIComponent(login)}`
  const isBot = login.endsWith('[bot]')
  return {
    login,
    id: numberOf(login),
    node_id: `U_${login}`,
    avatar_url: `${url.origin}/avatars/${numberOf(login)}`,
    gravatar_id: '',
    url: self,
    html_url: `${url.origin}/${isBot ? `apps/${login.slice(0, -'[bot]'.length)}` : login}`,
    followers_url: `${self}/followers`,
    following_url: `${self}/following{/other_user}`,
    gists_url: `${self}/gists{/gist_id}`,
    starred_url: `${self}/starred{/owner}{/repo}`,
    subscriptions_url: `${self}/subscriptions`,
    organizations_url: `${self}/orgs`,
    repos_url: `${self}/repos`,
    events_url: `${self}/events{/privacy}`,
    received_events_url: `${self}/received_events`,
    type: isBot ? 'Bot' : 'User',
    site_admin: false,
    user_view_type: 'public',
  }
}

function numberOf(login: string): number {
  return [...login].reduce((sum, letter) => (sum * 31 + (letter.codePointAt(0) ?? 0)) % 1_000_003, 7)
}

/** Who the token belongs to. An app's token, a job's among them, may not ask this. */
export function userRoutes({ logins }: State): Route[] {
  return [
    route('GET', '/user', (asked) => {
      if (logins.github.endsWith('[bot]')) return refuseAsGitHub(403)
      return { status: 200, body: { ...userOf(logins.github, asked), ...profile } }
    }),
  ]
}

const profile = {
  name: null,
  company: null,
  blog: null,
  location: null,
  email: null,
  hireable: null,
  bio: null,
  public_repos: 1,
  public_gists: 0,
  followers: 0,
  following: 0,
  created_at: day,
  updated_at: day,
}

/** GraphQL, as far as it is asked here. */
export function viewerRoutes({ logins }: State): Route[] {
  return [route('POST', '', () => ({ status: 200, body: { data: { viewer: { login: logins.github } } } }))]
}
