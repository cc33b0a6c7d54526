import type { Problem } from '@headgate/core'
import { z } from 'zod'
import { readJson } from './json.ts'

/** A cell of a notebook, its texts joined. */
export interface Cell {
  readonly kind: 'code' | 'markdown' | 'raw'
  /** Where it stands in the file, from 1. */
  readonly number: number
  readonly source: string
  readonly tags: readonly string[]
  /** `null` where it was not run, and for what is not code. */
  readonly executionCount: number | null
  readonly outputs: readonly Output[]
  /** What papermill noted of its run; `undefined` outside of its output. */
  readonly run: { readonly hasStarted: boolean; readonly hasFailed: boolean } | undefined
}

interface Output {
  readonly type: string
  /** All that it shows as text: what was printed, or its forms in MIME types other than pictures. */
  readonly text: string
  readonly error: { readonly name: string; readonly value: string; readonly traceback: readonly string[] } | undefined
}

/** A notebook of nbformat 4, as far as anything here rests on it. */
export interface Notebook {
  readonly cells: readonly Cell[]
  /** `null` where it names none. */
  readonly kernel: string | null
  /** In lower case; `python` where it names none. */
  readonly language: string
}

const text = z.union([z.string(), z.array(z.string())])
const tags = z.array(z.string()).optional()
const papermill = z.object({ start_time: z.string().nullish(), exception: z.boolean().nullish() }).optional()
const outputSchema = z.object({
  output_type: z.string(),
  text: text.optional(),
  data: z.record(z.string(), z.unknown()).optional(),
  ename: z.string().optional(),
  evalue: z.string().optional(),
  traceback: z.array(z.string()).optional(),
})
const cellShape = { source: text, metadata: z.object({ tags, papermill }) }
const cellSchema = z.discriminatedUnion('cell_type', [
  z.object({
    cell_type: z.literal('code'),
    ...cellShape,
    outputs: z.array(outputSchema),
    execution_count: z.int().nullable(),
  }),
  z.object({ cell_type: z.literal('markdown'), ...cellShape }),
  z.object({ cell_type: z.literal('raw'), ...cellShape }),
])
const notebookSchema = z.object({
  nbformat: z.literal(4),
  nbformat_minor: z.int().nonnegative(),
  metadata: z.object({
    kernelspec: z.object({ name: z.string(), language: z.string().optional() }).optional(),
    language_info: z.object({ name: z.string() }).optional(),
  }),
  cells: z.array(cellSchema),
})

/** Reads a notebook, or says why it is none: every mistake of its form, the first ten of them. */
export function parseNotebook(content: string): Notebook | { readonly problems: readonly Problem[] } {
  const value = parseJson(content)
  if ('problems' in value) return value
  const older = olderFormat(value.json)
  if (older !== undefined) return { problems: [older] }
  const parsed = notebookSchema.safeParse(value.json)
  if (!parsed.success) return { problems: parsed.error.issues.slice(0, 10).map(problemOf) }
  const { metadata, cells } = parsed.data
  const language = metadata.kernelspec?.language ?? metadata.language_info?.name ?? 'python'
  const read = readCells(cells)
  if (read === undefined) return { problems: [tooDeep] }
  return {
    cells: read,
    kernel: metadata.kernelspec?.name ?? null,
    language: language.toLowerCase(),
  }
}

/** The cell whose values papermill replaces. */
export function parametersCell(notebook: Notebook): Cell | undefined {
  return notebook.cells.find(({ tags: its }) => its.includes('parameters'))
}

function parseJson(content: string): { readonly json: unknown } | { readonly problems: readonly Problem[] } {
  try {
    return { json: readJson(content) }
  } catch (error) {
    const conflict = /^<{7} /m.test(content)
    const what = conflict ? 'is not JSON: a merge conflict is left in it.' : `is not JSON: ${(error as Error).message}.`
    const fix = conflict
      ? 'Take one side by `git checkout --ours` or `--theirs`, or merge by `nbdime`.'
      : 'Save it again in Jupyter, or take the last good state from Git.'
    return { problems: [{ what, fix }] }
  }
}

function olderFormat(json: unknown): Problem | undefined {
  const format = z.object({ nbformat: z.int() }).safeParse(json).data?.nbformat
  if (format === undefined || format === 4) return undefined
  return {
    what: `is of nbformat ${format}, and has to be of nbformat 4.`,
    fix: 'Convert it: `jupyter nbconvert --to notebook --nbformat 4 --inplace`.',
  }
}

function problemOf({ path, message }: z.core.$ZodIssue): Problem {
  const [first, index, ...rest] = path
  const where =
    first === 'cells' && typeof index === 'number' ? `cell ${index + 1}${dotted(rest)}` : dotted(path).slice(1)
  return {
    what: `is not a notebook of nbformat 4: ${where === '' ? '' : `${where}: `}${message}.`,
    fix: 'Save it again in Jupyter.',
  }
}

function dotted(path: readonly PropertyKey[]): string {
  return path.map((part) => `.${String(part)}`).join('')
}

const tooDeep: Problem = {
  what: 'is nested too deeply to be read: an output of it holds thousands of lists in lists.',
  fix: 'Clear its outputs: `jupyter nbconvert --clear-output --inplace`.',
}

/** `undefined` where what an output shows cannot be told as text. */
function readCells(cells: readonly z.output<typeof cellSchema>[]): Cell[] | undefined {
  try {
    return cells.map(cellOf)
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}

function cellOf(cell: z.output<typeof cellSchema>, index: number): Cell {
  const { papermill: run } = cell.metadata
  return {
    kind: cell.cell_type,
    number: index + 1,
    source: joined(cell.source),
    tags: cell.metadata.tags ?? [],
    executionCount: cell.cell_type === 'code' ? cell.execution_count : null,
    outputs: cell.cell_type === 'code' ? cell.outputs.map(outputOf) : [],
    run: run && { hasStarted: run.start_time != null, hasFailed: run.exception === true },
  }
}

function outputOf(output: z.output<typeof outputSchema>): Output {
  const { output_type: type, ename, evalue = '', traceback = [] } = output
  const shown = Object.entries(output.data ?? {})
    .filter(([mime]) => !mime.startsWith('image/') || mime === 'image/svg+xml')
    .map(([, value]) => shownText(value))
  return {
    type,
    text: [...(output.text === undefined ? [] : [joined(output.text)]), ...shown].join('\n'),
    error: ename === undefined ? undefined : { name: ename, value: evalue, traceback },
  }
}

function shownText(value: unknown): string {
  const read = text.safeParse(value)
  return read.success ? joined(read.data) : JSON.stringify(value)
}

function joined(value: z.output<typeof text>): string {
  return typeof value === 'string' ? value : value.join('')
}
