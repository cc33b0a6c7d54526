import { z } from 'zod'
import { readJson } from '../json.ts'

const newest = 5
const text = z.union([z.string(), z.array(z.string())])
const count = z.int().nonnegative().nullable()
/** JSON’s own types may hold anything, others hold text. */
const bundle = z
  .record(z.string(), z.unknown())
  .refine((data) => Object.entries(data).every(([mime, value]) => isOfJson(mime) || text.safeParse(value).success), {
    error: 'what is shown has to be text, or a list of lines',
  })
const loose = z.looseObject({})
const output = z.discriminatedUnion('output_type', [
  z.strictObject({ output_type: z.literal('stream'), name: z.string(), text }),
  z.strictObject({ output_type: z.literal('display_data'), data: bundle, metadata: loose }),
  z.strictObject({ output_type: z.literal('execute_result'), data: bundle, metadata: loose, execution_count: count }),
  z.strictObject({
    output_type: z.literal('error'),
    ename: z.string(),
    evalue: z.string(),
    traceback: z.array(z.string()),
  }),
])

const tag = z.string().regex(/^[^,]+$/, 'a tag has no comma')
const tags = z.array(tag).refine((all) => new Set(all).size === all.length, { error: 'a tag is there twice' })
const metadata = { name: z.string().min(1).optional(), tags: tags.optional(), jupyter: loose.optional() }
const id = z.string().regex(/^[a-zA-Z0-9_-]{1,64}$/, 'an id has 1 to 64 letters, digits, - and _')
const attachments = z.record(z.string(), bundle).optional()

/** The schema of nbformat 4, as jupyter/nbformat publishes it: from 4.5 on each cell has an id, before it has none. */
function notebookSchema(minor: number) {
  const shared = { source: text, ...(minor >= 5 ? { id } : {}) }
  const code = {
    ...metadata,
    collapsed: z.boolean().optional(),
    scrolled: z.union([z.boolean(), z.literal('auto')]).optional(),
    execution: z.record(z.string(), z.string()).optional(),
  }
  const cell = z.discriminatedUnion('cell_type', [
    z.strictObject({
      cell_type: z.literal('code'),
      ...shared,
      metadata: z.looseObject(code),
      outputs: z.array(output),
      execution_count: count,
    }),
    z.strictObject({ cell_type: z.literal('markdown'), ...shared, metadata: z.looseObject(metadata), attachments }),
    z.strictObject({
      cell_type: z.literal('raw'),
      ...shared,
      metadata: z.looseObject({ ...metadata, format: z.string().optional() }),
      attachments,
    }),
  ])
  return z.strictObject({
    nbformat: z.literal(4),
    nbformat_minor: z.int().nonnegative(),
    metadata: z.looseObject({
      kernelspec: z.looseObject({ name: z.string(), display_name: z.string() }).optional(),
      language_info: z.looseObject({ name: z.string() }).optional(),
      orig_nbformat: z.int().min(1).optional(),
      authors: z.array(z.unknown()).optional(),
    }),
    cells: z.array(cell),
  })
}

export interface FormatProblem {
  /** From 1; `null` where it is not in a cell. */
  readonly cell: number | null
  readonly what: string
}

/** What in a notebook that can be read is not as its format wants it. Formats that are newer than this are not judged. */
export function formatProblems(content: string): FormatProblem[] {
  const json = readJson(content) as { nbformat_minor: number }
  const minor = json.nbformat_minor
  if (minor > newest) return []
  const parsed = notebookSchema(minor).safeParse(json)
  if (!parsed.success) return parsed.error.issues.map((issue) => problemOf(issue, minor))
  return minor < 5 ? [] : doubledIds(parsed.data.cells as readonly { readonly id?: string }[])
}

function problemOf({ path, message }: z.core.$ZodIssue, minor: number): FormatProblem {
  const [first, index, ...rest] = path
  const isCell = first === 'cells' && typeof index === 'number'
  const place = (isCell ? rest : path).map(String).join('.')
  const what = `is not as nbformat 4.${minor} has it: ${place === '' ? '' : `${place}: `}${message}.`
  return { cell: isCell ? index + 1 : null, what }
}

function doubledIds(cells: readonly { readonly id?: string }[]): FormatProblem[] {
  const seen = new Set<string>()
  return cells.flatMap(({ id: own = '' }, index) => {
    const isDoubled = seen.has(own)
    seen.add(own)
    return isDoubled ? [{ cell: index + 1, what: `has the id ${own} of another cell.` }] : []
  })
}

function isOfJson(mime: string): boolean {
  return /^application\/(.*\+)?json$/.test(mime)
}
