import type { Problem } from '@headgate/core'
import { type Cell, type Notebook, parametersCell, parseNotebook } from '../notebook.ts'
import { formatProblems } from './format.ts'
import { absolutePaths } from './paths.ts'
import { readPositions } from './positions.ts'
import { secretsIn } from './secrets.ts'

export const lintRules = ['format', 'outputs', 'parameters', 'paths', 'order', 'secrets'] as const
export type LintRule = (typeof lintRules)[number]

/** What is wrong with a notebook. It never holds a secret. */
export interface Finding {
  readonly rule: LintRule
  /** The cell's place in the notebook, from 1; `null` where it is the notebook as a whole. */
  readonly cell: number | null
  /** The line in the cell, from 1; `null` where it is the cell as a whole. */
  readonly line: number | null
  /** The line of the file. */
  readonly fileLine: number
  readonly what: string
  readonly fix: string
}

type Found = Omit<Finding, 'rule' | 'fileLine'>

/** Judges a notebook's text by the rules, in the order of its cells. */
export function lintNotebook(content: string, rules: ReadonlySet<LintRule>): Finding[] {
  const notebook = parseNotebook(content)
  if ('problems' in notebook) return rules.has('format') ? notebook.problems.map(misformed) : []
  const found = lintRules
    .filter((rule) => rules.has(rule))
    .flatMap((rule) => judge[rule](notebook, content).map((one) => ({ rule, ...one })))
  if (found.length === 0) return []
  const positions = readPositions(content)
  return found
    .map((one) => ({ ...one, fileLine: positions.lineOf(one.cell, one.line) }))
    .sort((a, b) => (a.cell ?? 0) - (b.cell ?? 0) || (a.line ?? 0) - (b.line ?? 0))
}

function misformed({ what, fix = '' }: Problem): Finding {
  return { rule: 'format', cell: null, line: null, fileLine: 1, what, fix }
}

const judge: Readonly<Record<LintRule, (notebook: Notebook, content: string) => Found[]>> = {
  format: (_, content) => formatProblems(content).map((found) => ({ line: null, fix: saveAgain, ...found })),
  outputs: ({ cells }) => cells.flatMap((cell) => [...leftOutputs(cell), ...leftParameters(cell)]),
  parameters: missingParameters,
  paths: ({ cells, language }) =>
    codeCells(cells).flatMap((cell) =>
      absolutePaths(cell.source, language).map((found) => ({ cell: cell.number, ...found })),
    ),
  order: ({ cells }) => outOfOrder(cells),
  secrets: ({ cells }) => cells.flatMap(secretsOf),
}

const saveAgain = 'Open it in Jupyter and save it again.'

function codeCells(cells: readonly Cell[]): Cell[] {
  return cells.filter(({ kind }) => kind === 'code')
}

function leftOutputs({ number, outputs }: Cell): Found[] {
  if (outputs.length === 0) return []
  const what = `holds ${outputs.length} ${outputs.length === 1 ? 'output' : 'outputs'} of a run.`
  return [{ cell: number, line: null, what, fix: stripOutputs }]
}

const stripOutputs = 'Clear the outputs: `jupyter nbconvert --clear-output --inplace`, or `nbstripout`.'

function leftParameters({ number, tags }: Cell): Found[] {
  if (!tags.includes('injected-parameters')) return []
  const what = 'holds the parameters that papermill put in for one run.'
  return [{ cell: number, line: null, what, fix: 'Remove the cell: the notebook is one that was run, not its source.' }]
}

function missingParameters(notebook: Notebook): Found[] {
  if (parametersCell(notebook) || codeCells(notebook.cells).length === 0) return []
  const what = 'has no cell tagged `parameters`, so nothing can be set from outside.'
  return [{ cell: null, line: null, what, fix: 'Tag the cell of its settings `parameters`, as papermill does.' }]
}

function outOfOrder(cells: readonly Cell[]): Found[] {
  let last = 0
  return cells.flatMap(({ number, executionCount: count }) => {
    if (count === null) return []
    const before = last
    last = Math.max(last, count)
    if (count > before) return []
    const what = `was run as [${count}], and stands after one that was run as [${before}].`
    return [{ cell: number, line: null, what, fix: 'Restart the kernel, run all cells from the top, and save it so.' }]
  })
}

function secretsOf(cell: Cell): Found[] {
  const inSource = secretsIn(cell.source).map(({ kind, line }) => ({
    cell: cell.number,
    line,
    what: `holds ${kind}.`,
    fix: 'Revoke it, take it out, and read it from the environment: `os.environ[…]`.',
  }))
  const kinds = new Set(cell.outputs.flatMap(({ text }) => secretsIn(text).map(({ kind }) => kind)))
  const inOutputs = [...kinds].map((kind) => ({
    cell: cell.number,
    line: null,
    what: `shows ${kind} in its output.`,
    fix: 'Revoke it, clear the output, and do not print it.',
  }))
  return [...inSource, ...inOutputs]
}
