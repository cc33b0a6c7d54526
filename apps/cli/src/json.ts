import { strictJson } from '@headgate/core'

/** JSON for stdout. In a log, GitHub's runner would read `##[name]` for a command wherever it stands. */
export function jsonText(value: unknown): string {
  return strictJson(value).replaceAll('##[', '##\\u005b')
}
