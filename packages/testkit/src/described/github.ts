import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { type Description, type OpenApi, openDescription } from './description.ts'

let opened: Description | undefined

/** GitHub's REST API, as GitHub publishes it. Read once: it is 13 MB. */
export function githubDescription(): Description {
  const path = createRequire(import.meta.url).resolve('@octokit/openapi/generated/api.github.com.json')
  opened ??= openDescription(JSON.parse(readFileSync(path, 'utf8')) as OpenApi, ['basic-error', 'validation-error'])
  return opened
}
