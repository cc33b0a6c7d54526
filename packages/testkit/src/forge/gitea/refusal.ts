import type { Answer } from '../route.ts'

const messages: Readonly<Record<number, string>> = {
  401: 'token is required',
  403: 'user should have a permission to write to this repo',
  404: 'not found',
}

/** What Gitea says instead of an answer. */
export function refuseAsGitea(status: number, message = messages[status] ?? ''): Answer {
  return { status, body: { message, url: 'https://gitea.example/api/swagger' } }
}
