import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type Description, type OpenApi, openDescription } from './description.ts'

let opened: Description | undefined

/** GitHub's REST API, as GitHub publishes it. Read once: it is 13 MB. */
export function githubDescription(): Description {
  const path = fileURLToPath(import.meta.resolve('@octokit/openapi/generated/api.github.com.json'))
  opened ??= openDescription(JSON.parse(readFileSync(path, 'utf8')) as OpenApi, ['basic-error', 'validation-error'])
  return opened
}
