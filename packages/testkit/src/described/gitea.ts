import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Description, type OpenApi, openDescription } from './description.ts'

let opened: Description | undefined

/** Gitea's API, as far as it is used here: `scripts/gitea.ts` takes it from Gitea's own description. */
export function giteaDescription(): Description {
  const path = join(import.meta.dirname, '../../descriptions/gitea.json')
  opened ??= openDescription(JSON.parse(readFileSync(path, 'utf8')) as OpenApi, ['APIError'])
  return opened
}
