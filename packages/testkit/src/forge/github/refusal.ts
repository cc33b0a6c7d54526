import type { Answer } from '../route.ts'

const documentation_url = 'https://docs.github.com/rest'

const messages: Readonly<Record<number, string>> = {
  401: 'Requires authentication',
  403: 'Resource not accessible by integration',
  404: 'Not Found',
  422: 'Validation Failed',
  429: 'You have exceeded a secondary rate limit. Please wait a few minutes before you try again.',
}

/** What GitHub says instead of an answer. */
export function refuseAsGitHub(status: number, message = messages[status] ?? 'Server Error'): Answer {
  if (status === 422) return invalid(message)
  return { status, body: { message, documentation_url, status: String(status) } }
}

/** A 422 with the field that is at fault. */
export function invalid(message: string, ...errors: { resource: string; field: string; code: string }[]): Answer {
  return { status: 422, body: { message, documentation_url, errors } }
}
