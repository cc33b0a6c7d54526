import { type Annotation, digestOfValue } from '@headgate/core'
import { z } from 'zod'
import { excerpt } from '../excerpt.ts'
import type { CheckReport } from '../port.ts'
import type { Rest } from '../rest.ts'

/** As many annotations as the API takes in one request. */
const mostAnnotations = 50
const longestSummary = 65_000
const longestTitle = 250
/** The API takes 64 KB, which these UTF-16 units never exceed. */
const longestMessage = 20_000

const checkSchema = z.object({
  id: z.int(),
  external_id: z.string().nullish(),
})
const checksSchema = z.object({ check_runs: z.array(checkSchema) })

/**
 * Writes a check run, unless the newest one of this name on this commit says the same. One that says something else is
 * superseded by a new one of the name, since annotations sent to an old one are added to those that it has.
 */
export async function writeCheck(rest: Rest, check: CheckReport): Promise<void> {
  const content = digestOfValue([check.conclusion, check.title, check.summary, check.annotations])
  if ((await newestCheck(rest, check))?.external_id === content) return
  const [first = [], ...others] = batches(check.annotations.flatMap(annotationOf))
  const output = {
    title: excerpt(check.title, longestTitle),
    summary: check.summary.length <= longestSummary ? check.summary : 'The report is too long for this page.',
  }
  // The last request says what the check holds: one that was cut off says nothing, and is written again.
  const { id } = await rest.call('POST /repos/{owner}/{repo}/check-runs', checkSchema, {
    name: check.name,
    head_sha: check.sha,
    status: 'completed',
    conclusion: check.conclusion,
    output: { ...output, annotations: first },
    ...(others.length === 0 && { external_id: content }),
    ...(check.url && { details_url: check.url }),
  })
  for (const [index, annotations] of others.entries()) {
    await rest.call('PATCH /repos/{owner}/{repo}/check-runs/{id}', checkSchema, {
      id,
      output: { ...output, annotations },
      ...(index === others.length - 1 && { external_id: content }),
    })
  }
}

/** GitHub answers with the latest run of each suite; a job's token has its runs put into any of them. */
async function newestCheck(rest: Rest, { sha, name }: CheckReport): Promise<z.output<typeof checkSchema> | undefined> {
  const route = 'GET /repos/{owner}/{repo}/commits/{ref}/check-runs'
  const present = await rest.call(route, checksSchema, { ref: sha, check_name: name, per_page: 100 })
  return present.check_runs.toSorted((a, b) => b.id - a.id)[0]
}

function batches(annotations: readonly object[]): object[][] {
  const count = Math.ceil(annotations.length / mostAnnotations)
  return Array.from({ length: count }, (_, index) =>
    annotations.slice(index * mostAnnotations, (index + 1) * mostAnnotations),
  )
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
      title: excerpt(title, longestTitle),
      message: excerpt(message, longestMessage),
    },
  ]
}
