import { type Annotation, digestOfValue } from '@headgate/core'
import { z } from 'zod'
import type { CheckReport } from '../port.ts'
import type { Rest } from '../rest.ts'

/** As many annotations as the API takes in one request. */
const mostAnnotations = 50
const longestSummary = 65_000

const checkSchema = z.object({
  id: z.int(),
  external_id: z.string().nullish(),
})
const checksSchema = z.object({ check_runs: z.array(checkSchema) })

/**
 * Writes a check run; one of this name on this commit that says the same is left alone. One that says something else is
 * superseded by a new one of the name, since annotations sent to an old one are added to those that it has.
 */
export async function writeCheck(rest: Rest, check: CheckReport): Promise<void> {
  const { check_runs: present } = await rest.call('GET /repos/{owner}/{repo}/commits/{ref}/check-runs', checksSchema, {
    ref: check.sha,
    check_name: check.name,
  })
  const content = digestOfValue([check.conclusion, check.title, check.summary, check.annotations])
  if (present.some((run) => run.external_id === content)) return
  const annotations = check.annotations.flatMap(annotationOf)
  const output = {
    title: check.title.slice(0, 250),
    summary: check.summary.length <= longestSummary ? check.summary : 'The report is too long for this page.',
  }
  const { id } = await rest.call('POST /repos/{owner}/{repo}/check-runs', checkSchema, {
    name: check.name,
    head_sha: check.sha,
    status: 'completed',
    conclusion: check.conclusion,
    external_id: content,
    output: { ...output, annotations: annotations.slice(0, mostAnnotations) },
    ...(check.url ? { details_url: check.url } : {}),
  })
  for (let from = mostAnnotations; from < annotations.length; from += mostAnnotations) {
    await rest.call('PATCH /repos/{owner}/{repo}/check-runs/{id}', checkSchema, {
      id,
      output: { ...output, annotations: annotations.slice(from, from + mostAnnotations) },
    })
  }
}

const levels = { error: 'failure', warning: 'warning', notice: 'notice' } as const

/** An annotation without a file has no place on a check. */
function annotationOf({ level, title, message, where }: Annotation): object[] {
  if (where === undefined) return []
  const line = where.line ?? 1
  return [
    {
      path: where.file,
      start_line: line,
      end_line: line,
      annotation_level: levels[level],
      title: title.slice(0, 250),
      message,
    },
  ]
}
