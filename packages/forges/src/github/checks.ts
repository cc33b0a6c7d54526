import type { Annotation } from '@headgate/core'
import { z } from 'zod'
import type { CheckReport } from '../port.ts'
import type { Rest } from '../rest.ts'

/** As many annotations as the API takes in one request. */
const mostAnnotations = 50
const longestSummary = 65_000

const checkSchema = z.object({
  id: z.int(),
  conclusion: z.string().nullish(),
  output: z.object({ title: z.string().nullish(), summary: z.string().nullish() }).nullish(),
})
const checksSchema = z.object({ check_runs: z.array(checkSchema) })

/** Writes a check run, or changes the one of this name on this commit; one that says the same is left alone. */
export async function writeCheck(rest: Rest, check: CheckReport): Promise<void> {
  const { check_runs: present } = await rest.call('GET /repos/{owner}/{repo}/commits/{ref}/check-runs', checksSchema, {
    ref: check.sha,
    check_name: check.name,
  })
  const output = {
    title: check.title.slice(0, 250),
    summary: check.summary.length <= longestSummary ? check.summary : 'The report is too long for this page.',
    annotations: check.annotations.flatMap(annotationOf).slice(0, mostAnnotations),
  }
  const content = {
    status: 'completed',
    conclusion: check.conclusion,
    output,
    ...(check.url ? { details_url: check.url } : {}),
  }
  const found = present[0]
  if (found === undefined) {
    await rest.call('POST /repos/{owner}/{repo}/check-runs', checkSchema, {
      name: check.name,
      head_sha: check.sha,
      ...content,
    })
    return
  }
  const isSame =
    found.conclusion === check.conclusion &&
    found.output?.title === output.title &&
    found.output.summary === output.summary
  if (!isSame) await rest.call('PATCH /repos/{owner}/{repo}/check-runs/{id}', checkSchema, { id: found.id, ...content })
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
