import type { Asked, Route } from '../route.ts'
import { route } from '../route.ts'
import { day, type State } from '../state.ts'

export function userOf(login: string, { url }: Asked) {
  return {
    id: login === 'gitea-actions' ? -2 : 1,
    login,
    login_name: '',
    source_id: 0,
    full_name: '',
    email: `${login}@noreply.example`,
    avatar_url: `${url.origin}/avatars/${login}`,
    html_url: `${url.origin}/${login}`,
    language: '',
    is_admin: false,
    last_login: day,
    created: day,
    restricted: false,
    active: true,
    prohibit_login: false,
    location: '',
    website: '',
    description: '',
    visibility: 'public',
    followers_count: 0,
    following_count: 0,
    starred_repos_count: 0,
  }
}

/** Who the token belongs to; a job's own token may ask too. */
export function userRoutes({ logins }: State): Route[] {
  return [route('GET', '/user', (asked) => ({ status: 200, body: userOf(logins.gitea, asked) }))]
}
